import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { encodeSimple } from '../torrent/wire.ts';
import { FakePeer } from './fake-peer.ts';
import { addressOf, fastClock, noise, SwarmLab, until } from './swarm-fixtures.ts';
import type { Seed, Swarm } from './swarm-types.ts';
import { tcpNetwork } from './tcp-network.ts';

const bytes = noise(200_000);

/** Proof that a peer that comes from `from` is served. */
async function isServed(swarm: Swarm, seed: Seed, from: string): Promise<void> {
  const peer = await FakePeer.dial(addressOf(swarm), seed.metainfo, { from });
  await peer.hears('haveAll');
  peer.say(encodeSimple('interested'));
  await peer.hears('unchoke');
  peer.close();
}

async function dialMany(
  swarm: Swarm,
  seed: Seed,
  count: number,
  options: { readonly from: string; readonly greet?: boolean },
): Promise<FakePeer[]> {
  const dials = Array.from({ length: count }, () =>
    FakePeer.dial(addressOf(swarm), seed.metainfo, options),
  );
  return await Promise.all(dials);
}

const open = (peers: readonly FakePeer[]): number => peers.filter((peer) => !peer.isClosed).length;

suite('a flood of connections', { timeout: 60_000 }, () => {
  test('that say nothing leaves room for other addresses', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const swarm = await lab.start([seed], { admission: { greeting: 20 } });
    const silent = await dialMany(swarm, seed, 50, { from: '127.0.0.2', greet: false });
    await until('most are dropped', () => open(silent) <= 10);
    await isServed(swarm, seed, '127.0.0.3');
    assert.ok(open(silent) > 0);
    for (const peer of silent) peer.close();
  });

  test('that take part leaves room in the torrent for other addresses', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const swarm = await lab.start([seed]);
    const many = await dialMany(swarm, seed, 70, { from: '127.0.0.2' });
    await until('half of the places are taken', () => swarm.totals().peers === 30);
    await until('the others are dropped', () => open(many) === 30);
    await isServed(swarm, seed, '127.0.0.3');
    assert.equal(open(many), 30);
    for (const peer of many) peer.close();
  });

  test('one after another from one address is slowed down, other addresses are served', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const swarm = await lab.start([seed], { admission: { perSecondOfHost: 4 } });
    let greeted = 0;
    for (let dial = 0; dial < 60; dial++) {
      const peer = await FakePeer.dial(addressOf(swarm), seed.metainfo, { from: '127.0.0.2' });
      await until('an answer', () => peer.isGreeted || peer.isClosed);
      if (peer.isGreeted) greeted++;
      peer.close();
    }
    assert.ok(greeted >= 20 && greeted < 40, `${greeted} were greeted`);
    await isServed(swarm, seed, '127.0.0.3');
  });

  test('places are free again when connections end, whatever they said', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const swarm = await lab.start([seed], { admission: { connections: 10, greeting: 10 } });
    for (let round = 0; round < 10; round++) {
      const peers = [
        ...(await dialMany(swarm, seed, 2, { from: '127.0.0.2' })),
        ...(await dialMany(swarm, seed, 2, { from: '127.0.0.2', greet: false })),
      ];
      await until('the peers are in', () => swarm.totals().peers === 2);
      for (const peer of peers) peer.close();
      await until('the peers are gone', () => swarm.totals().peers === 0);
    }
    await isServed(swarm, seed, '127.0.0.2');
  });

  test('peers that take all places of a torrent and want nothing make room after two minutes', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const swarm = await lab.start([seed], { clock: fastClock(100) });
    const idlers: FakePeer[] = [];
    for (let host = 2; swarm.totals().peers < 60; host++) {
      idlers.push(...(await dialMany(swarm, seed, 8, { from: `127.0.${host}.1` })));
      await until('all are in or dropped', () =>
        idlers.every((peer) => peer.isClosed || peer.heard.length > 0),
      );
    }
    const timer = setInterval(() => {
      for (const peer of idlers) peer.say(Buffer.alloc(4));
    }, 100);
    await new Promise((resolve) => setTimeout(resolve, 1_250));
    await isServed(swarm, seed, '127.0.0.3');
    clearInterval(timer);
    for (const peer of idlers) peer.close();
  });

  test('so many at one moment that the process cannot keep up wait in line', async () => {
    // The other process accepts nothing for a while: who does not wait in its line would be refused or lost.
    const code = `
      import { tcpNetwork } from ${JSON.stringify(import.meta.resolve('./tcp-network.ts'))};
      const listener = await tcpNetwork.listen({ host: '127.0.0.1', port: 0 }, () => {});
      process.stdout.write(String(listener.port));
      setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000), 50);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const sockets: Socket[] = [];
    try {
      const [port] = await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, 200));
      let connected = 0;
      for (let dial = 0; dial < 600; dial++) {
        const socket = connect({ host: '127.0.0.1', port: Number(String(port)) });
        socket.on('error', () => {}).on('connect', () => connected++);
        sockets.push(socket);
      }
      await until('all are in line', () => connected === 600, 900);
    } finally {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});

test('no more dials than the limit are open at once, over all torrents, and all come in turn', async () => {
  await using lab = await SwarmLab.create();
  const seeds = await Promise.all(
    Array.from({ length: 6 }, (_, of) => lab.seed(noise(200_000, of + 2))),
  );
  let openDials = 0;
  let mostOpen = 0;
  const dialled = new Set<number>();
  const swarm = await lab.start([], {
    network: {
      ...tcpNetwork,
      connect: async ({ port }) => {
        openDials++;
        mostOpen = Math.max(mostOpen, openDials);
        dialled.add(port);
        await new Promise((resolve) => setTimeout(resolve, 100));
        openDials--;
        throw new Error('nobody there');
      },
    },
  });
  for (const [index, seed] of seeds.entries()) {
    const peers = Array.from({ length: 25 }, (_, peer) => ({
      host: '127.0.0.1',
      port: 20_000 + 100 * index + peer,
    }));
    swarm.download(seed.metainfo, { path: lab.path(`copy-${index}`), peers });
  }
  await until('all were dialled', () => dialled.size === 150);
  assert.equal(mostOpen, 100);
});
