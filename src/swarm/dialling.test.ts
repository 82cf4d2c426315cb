import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { parseIpRange } from '../torrent/ip-range.ts';
import { encodeSimple } from '../torrent/wire.ts';
import { Dialer } from './dialer.ts';
import { FakeHost, FakePeer } from './fake-peer.ts';
import type { Network } from './network.ts';
import { addressOf, fastClock, metainfoOf, noise, SwarmLab, until } from './swarm-fixtures.ts';
import { createPeerId } from './peer-id.ts';
import { tcpNetwork } from './tcp-network.ts';

const bytes = noise(300_000);
const loopbackOnly = { peersFrom: [parseIpRange('127.0.0.0/8')] };
const elsewhereOnly = { peersFrom: [parseIpRange('10.0.0.0/8')] };

suite('dialling', { timeout: 30_000 }, () => {
  test('a host dials and accepts peers of the networks that were named, and no others', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed], loopbackOnly);
    const host = await lab.start([], loopbackOnly);
    const options = { path: lab.path('copy'), peers: [addressOf(seeder)] };
    await host.download(seed.metainfo, options).done;

    const shut = await lab.start([seed], elsewhereOnly);
    const stranger = await FakePeer.dial(addressOf(shut), seed.metainfo);
    await stranger.dropped();
    assert.equal(stranger.isGreeted, false);

    await using witness = await FakeHost.start(seed.metainfo, () => {});
    const careful = await lab.start([], elsewhereOnly);
    const path = lab.path('none');
    const lost = careful.download(seed.metainfo, { path, peers: [witness.address] });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(witness.peers.length, 0);
    await lost.stop();
  });

  test('a host that is told its own address dials itself once, and never again', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    let dials = 0;
    const network: Network = {
      listen: (...args) => tcpNetwork.listen(...args),
      connect: async (...args) => {
        dials++;
        return await tcpNetwork.connect(...args);
      },
    };
    const host = await lab.start([], { network, clock: fastClock(10) });
    const options = { path: lab.path('copy'), peers: [addressOf(host)] };
    const download = host.download(seed.metainfo, options);
    await until('it has dialled itself', () => dials === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(dials, 1);
    await download.stop();
  });

  test('a seed dials a peer that lacks its blob, once, and not when that came by itself', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const { infoHash } = seed.metainfo;
    const seeder = await lab.start([seed]);
    await using shy = await FakeHost.start(seed.metainfo, (peer) => {
      peer.say(encodeSimple('haveNone'));
      peer.say(encodeSimple('interested'));
    });
    seeder.greet(infoHash, [shy.address]);
    seeder.greet(infoHash, [shy.address]);
    await until('it was served', () => shy.peers[0]?.all('unchoke').length === 1);
    seeder.greet(infoHash, [shy.address]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(shy.peers.length, 1);
  });

  test('of the peers that an announce names a seed dials a few', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    await using crowd = new AsyncDisposableStack();
    const hosts: FakeHost[] = [];
    for (let index = 0; index < 9; index++)
      hosts.push(crowd.use(await FakeHost.start(seed.metainfo, () => {})));
    seeder.greet(
      seed.metainfo.infoHash,
      hosts.map(({ address }) => address),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(hosts.filter(({ peers }) => peers.length > 0).length, 4);
  });

  test('a process does not dial without bound, and each dial has its turn', async () => {
    let open = 0;
    let most = 0;
    let count = 0;
    const network: Network = {
      listen: () => Promise.reject(new Error('not needed')),
      connect: async () => {
        most = Math.max(most, ++open);
        count++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        open--;
        throw new Error('nobody');
      },
    };
    const dialer = new Dialer({
      id: createPeerId(),
      network,
      clock: systemClock,
      rules: () => ({ peersFrom: [], ownPort: 6881 }),
      hasRoom: () => true,
    });
    const { signal } = new AbortController();
    const { infoHash } = metainfoOf(bytes);
    await Promise.all(
      Array.from({ length: 350 }, (_, index) =>
        dialer.dial({ host: '10.0.0.1', port: 2_000 + index }, infoHash, signal),
      ),
    );
    assert.deepEqual([most, count], [100, 350]);
  });
});
