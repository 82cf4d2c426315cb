import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import type { InfoHash } from '../torrent/ids.ts';
import { encodeBitfield, encodeBlock, encodeHave, encodeSimple } from '../torrent/wire.ts';
import { drawId, FakePeer, seedWith, sliceOf } from './fake-peer.ts';
import { addressOf, fastClock, noise, SwarmLab, until } from './swarm-fixtures.ts';

const bytes = noise(700_000);
const first = { piece: 0, begin: 0, length: 16_384 };

suite('seeding', { timeout: 60_000 }, () => {
  test('a blob is opened when the first peer comes, once, and closed when all have been gone for a minute', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const asked: InfoHash[] = [];
    const seeder = await lab.start([], {
      clock: fastClock(200),
      seed: async (infoHash) => {
        asked.push(infoHash);
        await new Promise((resolve) => setTimeout(resolve, 20));
        return seed;
      },
    });
    assert.equal(seeder.totals().torrents, 0);
    const peers = await Promise.all(
      [1, 2, 3].map(() => FakePeer.dial(addressOf(seeder), seed.metainfo)),
    );
    for (const peer of peers) await peer.hears('haveAll');
    assert.deepEqual(asked, [seed.metainfo.infoHash]);
    assert.deepEqual([seeder.totals().torrents, seeder.totals().peers], [1, 3]);
    const keepAlive = setInterval(() => peers[0]?.say(Buffer.alloc(4)), 20);
    for (const peer of peers.slice(1)) peer.close();
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(seeder.totals().torrents, 1, 'it was closed while a peer was there');
    clearInterval(keepAlive);
    peers[0]?.close();
    const left = performance.now();
    await until('it is closed', () => seeder.totals().torrents === 0);
    const idle = (performance.now() - left) / 5;
    assert.ok(idle > 55 && idle < 600, `${idle} s`);
    const again = await FakePeer.dial(addressOf(seeder), seed.metainfo);
    await again.hears('haveAll');
    assert.equal(asked.length, 2);
    again.close();
  });

  test('a blob that cannot be opened is one that is not here, and the next peer tries again', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    await rm(seed.path);
    const seeder = await lab.start([seed]);
    const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
    await peer.dropped();
    await writeFile(seed.path, bytes);
    const next = await FakePeer.dial(addressOf(seeder), seed.metainfo);
    await next.hears('haveAll');
    next.close();
  });

  test('a seed callback that fails, or comes when we are closed, is survived', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    let isFailing = true;
    const seeder = await lab.start([], {
      seed: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        if (isFailing) throw new Error('the catalog is away');
        return seed;
      },
    });
    await (await FakePeer.dial(addressOf(seeder), seed.metainfo)).dropped();
    isFailing = false;
    const late = await FakePeer.dial(addressOf(seeder), seed.metainfo);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await seeder.close();
    await late.dropped();
  });

  test('a blob that is shorter on disk than it should be is not given, and ends no process', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    await writeFile(seed.path, bytes.subarray(0, 70_000));
    const seeder = await lab.start([seed]);
    const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
    peer.say(encodeSimple('interested'));
    await peer.hears('unchoke');
    peer.say(encodeBlock('request', { ...first, piece: 9 }));
    await peer.dropped();
    assert.equal(peer.all('piece').length, 0);
  });

  test('a downloaded blob goes on as a seed without being opened again', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const host = await lab.start();
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      peers: [addressOf(seeder)],
    });
    await download.done;
    // Both have everything: they part.
    await until('they have parted', () => seeder.totals().peers === 0);
    host.announceSeed(seed.metainfo.infoHash, []);
    assert.equal(host.find(seed.metainfo.infoHash), undefined);
    await download.stop();
    const peer = await FakePeer.dial(addressOf(host), seed.metainfo);
    await peer.hears('haveAll');
    peer.close();
  });

  test('what is withdrawn is given no more, and may be fetched anew', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const host = await lab.start();
    const options = { path: lab.path('copy'), peers: [addressOf(seeder)] };
    await host.download(seed.metainfo, options).done;
    host.announceSeed(seed.metainfo.infoHash, []);
    const peer = await FakePeer.dial(addressOf(host), seed.metainfo);
    await peer.hears('haveAll');
    host.withdraw(seed.metainfo.infoHash);
    await peer.dropped();
    assert.equal(host.totals().torrents, 0);
    await (await FakePeer.dial(addressOf(host), seed.metainfo)).dropped();

    await writeFile(lab.path('copy'), bytes.subarray(0, 300_000));
    const again = host.download(seed.metainfo, options);
    await again.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
  });

  test('a download of what is seeded already takes its place', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const host = await lab.start([seed]);
    const peer = await FakePeer.dial(addressOf(host), seed.metainfo);
    await peer.hears('haveAll');
    const download = host.download(seed.metainfo, { path: lab.path('copy') });
    // The seed that was open is closed: nothing of it is left behind.
    await peer.dropped();
    const other = await FakePeer.dial(addressOf(host), seed.metainfo);
    await other.hears('haveNone');
    assert.equal(host.totals().torrents, 1);
    other.close();
    await download.stop();
  });

  test('a peer without the fast extension is told a bitfield, and its choked requests are silence', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const plain = await FakePeer.dial(addressOf(seeder), seed.metainfo, { greet: false });
    plain.say(
      Buffer.from('\x13BitTorrent protocol', 'latin1'),
      Buffer.alloc(8),
      Buffer.from(seed.metainfo.infoHash, 'hex'),
      Buffer.from(plain.id, 'hex'),
    );
    await plain.hears('bitfield');
    plain.say(encodeBlock('request', first), encodeSimple('interested'));
    await plain.hears('unchoke');
    plain.say(encodeBlock('request', { ...first, piece: 1 }));
    await plain.hears('piece');
    assert.deepEqual(
      plain.heard.map(({ type }) => type),
      ['bitfield', 'unchoke', 'piece'],
    );
    plain.close();
  });

  test('an interested peer is served while others hold their slots and ask for nothing', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed], { uploadSlots: 2, clock: fastClock(20) });
    const idlers = [];
    for (let index = 0; index < 4; index++) {
      const idler = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      idler.say(encodeSimple('interested'));
      idlers.push(idler);
    }
    await Promise.all(idlers.slice(0, 2).map((idler) => idler.hears('unchoke')));
    const eager = await FakePeer.dial(addressOf(seeder), seed.metainfo);
    eager.say(encodeSimple('interested'));
    await eager.hears('unchoke');
    eager.say(encodeBlock('request', first));
    await eager.hears('piece');
    for (const peer of [...idlers, eager]) peer.close();
  });

  test('an origin shows each peer a part, and all once the swarm has a copy', async () => {
    await using lab = await SwarmLab.create();
    const big = noise(200 * 16_384);
    const seed = await lab.seed(big, 16_384);
    const origin = await lab.start([seed], { isOrigin: true });
    const [a, b] = [
      await FakePeer.dial(addressOf(origin), seed.metainfo, { id: drawId('-DK0001-') }),
      await FakePeer.dial(addressOf(origin), seed.metainfo, { id: drawId('-DK0001-') }),
    ];
    // A Docket is shown as much as its turn gives, when it has its turn.
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(a.all('have').length + b.all('have').length, 0);
    for (const peer of [a, b]) peer.say(encodeSimple('interested'));
    const turn = (256 * 1024) / 16_384;
    await Promise.all([a.hears('have', turn), b.hears('have', turn)]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const shown = (peer: FakePeer): number[] => peer.all('have').map(({ piece }) => piece);
    assert.equal(
      new Set([...shown(a), ...shown(b)]).size,
      2 * turn,
      'what one was shown the other was too',
    );
    // One alone that says it has everything is not believed.
    const boaster = await FakePeer.dial(addressOf(origin), seed.metainfo);
    boaster.say(encodeBitfield(Buffer.alloc(25, 0xff)));
    await boaster.dropped();
    // Another has everything but the last piece; when it gets that too the swarm has a copy.
    const rest = await FakePeer.dial(addressOf(origin), seed.metainfo, { from: '127.0.0.2' });
    const field = Buffer.alloc(25, 0xff);
    field[24] = 0xfe;
    rest.say(encodeBitfield(field));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(shown(a).length + shown(b).length <= 2 * turn, 'more was shown before it was over');
    rest.say(encodeHave(199));
    await rest.dropped();
    await Promise.all([a.hears('have', 200), b.hears('have', 200)]);
    assert.equal(new Set(shown(a)).size, 200);
    const late = await FakePeer.dial(addressOf(origin), seed.metainfo);
    await late.hears('haveAll');
    for (const peer of [a, b, late]) peer.close();
  });

  test('one host alone gets a blob from an origin without waiting for turns', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(noise(16 * 1024 * 1024), 65_536);
    const origin = await lab.start([seed], { isOrigin: true });
    const host = await lab.start();
    const begun = performance.now();
    const options = { path: lab.path('alone'), peers: [addressOf(origin)] };
    await host.download(seed.metainfo, options).done;
    // 64 turns: a wait for a timer in each would take 3 s and more.
    assert.ok(performance.now() - begun < 2_000, `it took ${performance.now() - begun} ms`);
  });

  test('a peer that gets elsewhere what it was shown, and does not say so, is shown more in time', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(noise(8 * 16_384), 16_384);
    const origin = await lab.start([seed], { isOrigin: true, clock: fastClock(50) });
    const peer = await FakePeer.dial(addressOf(origin), seed.metainfo);
    await peer.hears('have', 2);
    await peer.hears('have', 8);
    peer.close();
  });

  test('an origin is told of the pieces that it has shown, too', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start();
    const download = host.download(metainfo, { path: lab.path('copy') });
    const origin = await FakePeer.dial(addressOf(host), metainfo);
    origin.say(encodeSimple('haveNone'), encodeHave(3));
    const other = await FakePeer.dial(addressOf(host), metainfo);
    seedWith((block) => sliceOf(bytes, metainfo, block))(other);
    await download.done;
    await origin.hears('have', metainfo.pieceCount);
    assert.ok(origin.all('have').some(({ piece }) => piece === 3));
    origin.close();
  });

  test('a lone peer gets a whole blob from an origin, also when it leaves half way and returns', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes, 16_384);
    const origin = await lab.start([seed], { isOrigin: true, rate: 1_000_000 });
    const host = await lab.start();
    const options = { path: lab.path('copy'), peers: [addressOf(origin)] };
    const half = host.download(seed.metainfo, options);
    await until('some is there', () => half.progress().piecesVerified > 10);
    await half.stop();
    const whole = host.download(seed.metainfo, options);
    await whole.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
  });
});
