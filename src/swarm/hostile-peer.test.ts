import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { blockLength } from '../torrent/geometry.ts';
import { encodeHandshake } from '../torrent/handshake.ts';
import {
  encodeBitfield,
  encodeBlock,
  encodeExtended,
  encodeHave,
  encodePieceHeader,
  encodeSimple,
} from '../torrent/wire.ts';
import { drawId, FakePeer, unknownInfoHash } from './fake-peer.ts';
import { addressOf, fastClock, noise, SwarmLab } from './swarm-fixtures.ts';
import type { Seed, Swarm } from './swarm-types.ts';

const bytes = noise(10 * 65_536 - 5);
const first = { piece: 0, begin: 0, length: blockLength };

/** A seeder, and proof at the end that it still serves. */
async function withSeeder(
  attack: (seeder: Swarm, seed: Seed) => Promise<void>,
  speed = 1,
): Promise<void> {
  await using lab = await SwarmLab.create();
  const seed = await lab.seed(bytes);
  const seeder = await lab.start([seed], { clock: fastClock(speed) });
  await attack(seeder, seed);
  const good = await FakePeer.dial(addressOf(seeder), seed.metainfo);
  good.say(encodeSimple('interested'));
  await good.hears('unchoke');
  good.say(encodeBlock('request', first));
  await good.hears('piece');
  assert.deepEqual(good.all('piece')[0]?.data, bytes.subarray(0, blockLength));
  good.close();
}

/** Says these bytes behind the handshake, and is dropped for it. */
async function isDroppedFor(...parts: readonly Uint8Array[]): Promise<void> {
  await withSeeder(async (seeder, seed) => {
    const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
    peer.say(...parts);
    await peer.dropped();
    assert.equal(seeder.totals().peers, 0);
  });
}

function raw(length: number, id: number, rest = 0): Buffer {
  const message = Buffer.alloc(5 + rest);
  message.writeUInt32BE(length);
  message[4] = id;
  return message;
}

suite('a hostile peer', { timeout: 60_000 }, () => {
  test('whose info hash is unknown is dropped without an answer', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), {
        ...seed.metainfo,
        infoHash: unknownInfoHash,
      });
      await peer.dropped();
      assert.equal(peer.isGreeted, false);
    }));

  test('whose first byte is wrong is dropped at once', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo, { greet: false });
      peer.say(Buffer.of(0x16));
      await peer.dropped(1_000);
    }));

  test('that says nothing, or stops within its handshake, is dropped after five seconds', () =>
    withSeeder(async (seeder, seed) => {
      const begun = performance.now();
      const silent = await FakePeer.dial(addressOf(seeder), seed.metainfo, { greet: false });
      const slow = await FakePeer.dial(addressOf(seeder), seed.metainfo, { greet: false });
      slow.say(encodeHandshake(seed.metainfo.infoHash, slow.id).subarray(0, 67));
      await silent.dropped();
      await slow.dropped();
      const patience = (performance.now() - begun) * 20;
      assert.ok(patience > 4_900 && patience < 60_000, `${patience} ms`);
    }, 20));

  test('that drips its handshake byte by byte is served all the same', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo, { greet: false });
      for (const byte of encodeHandshake(seed.metainfo.infoHash, peer.id)) {
        peer.say(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await peer.hears('haveAll');
      peer.close();
    }));

  test('that connects twice keeps its first connection', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      await peer.hears('extended');
      const again = await FakePeer.dial(addressOf(seeder), seed.metainfo, { id: peer.id });
      await again.dropped();
      assert.equal(peer.isClosed, false);
      peer.close();
    }));

  test('that uses the id of another from elsewhere does not keep that one out', () =>
    withSeeder(async (seeder, seed) => {
      const thief = await FakePeer.dial(addressOf(seeder), seed.metainfo, { from: '127.0.0.9' });
      await thief.hears('extended');
      const robbed = await FakePeer.dial(addressOf(seeder), seed.metainfo, { id: thief.id });
      await robbed.hears('extended');
      assert.equal(thief.isClosed, false);
      thief.close();
      robbed.close();
    }));

  test('that has our own id is dropped', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const id = drawId();
    const other = await lab.start([seed], { peerId: id });
    const twin = await FakePeer.dial(addressOf(other), seed.metainfo, { id });
    await twin.dropped();
    const stranger = await FakePeer.dial(addressOf(seeder), seed.metainfo, { id });
    await stranger.hears('haveAll');
    stranger.close();
  });

  test('that announces a message too long for its kind is dropped before it comes', () =>
    isDroppedFor(raw(0xffff_ffff, 7)));
  test('that sends an unknown message is dropped', () => isDroppedFor(raw(3, 99, 2)));
  test('whose bitfield has another size is dropped', () =>
    isDroppedFor(encodeBitfield(Buffer.alloc(3))));
  test('whose bitfield has spare bits is dropped', () =>
    isDroppedFor(encodeBitfield(Buffer.of(0, 1))));
  test('that has a piece beyond the end is dropped', () => isDroppedFor(encodeHave(10)));
  test('that has piece 4294967295 is dropped', () => isDroppedFor(encodeHave(0xffff_ffff)));
  test('that asks for a piece beyond the end is dropped', () =>
    isDroppedFor(encodeBlock('request', { ...first, piece: 10 })));
  test('that asks for more than a block is dropped', () =>
    isDroppedFor(encodeBlock('request', { ...first, length: blockLength + 1 })));
  test('that asks for nothing is dropped', () =>
    isDroppedFor(encodeBlock('request', { ...first, length: 0 })));
  test('that asks beyond the end of a piece is dropped', () =>
    isDroppedFor(encodeBlock('request', { ...first, begin: 65_536 - 5 })));
  test('that asks at an offset whose sum would wrap is dropped', () =>
    isDroppedFor(encodeBlock('request', { ...first, begin: 0xffff_f000 })));
  test('that sends a seeder a block is dropped', () =>
    isDroppedFor(encodePieceHeader(first), Buffer.alloc(blockLength)));

  test('that repeats its bitfield changes nothing', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      const field = encodeBitfield(Buffer.of(0b1000_0000, 0));
      peer.say(field, encodeSimple('interested'), field, field, encodeSimple('haveNone'));
      await peer.hears('unchoke');
      peer.close();
    }));

  test('that sends extension handshakes which are none is served all the same', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      for (const payload of ['', 'l-3:e', 'd1:v', 'i1e', 'l'.repeat(1_000), 'd4:reqqi0ee'])
        peer.say(encodeExtended(0, Buffer.from(payload)));
      peer.say(encodeExtended(200, Buffer.alloc(32_000)), encodeSimple('interested'));
      await peer.hears('unchoke');
      peer.close();
    }));

  for (const [what, words] of [
    ['tells again and again of a piece', encodeHave(3)],
    ['shows its pieces again and again', encodeBitfield(Buffer.of(0b1000_0000, 0))],
    ['says again and again that it is interested', encodeSimple('interested')],
    ['chokes again and again', encodeSimple('choke')],
    ['cancels again and again what it did not ask for', encodeBlock('cancel', first)],
    ['rejects again and again what it was not asked for', encodeBlock('reject', first)],
    [
      'sends extension handshakes without end',
      encodeExtended(0, Buffer.from('d1:md6:ut_pexi1eee')),
    ],
    ['sends keep-alives without end', Buffer.alloc(4)],
  ] as const) {
    test(`that ${what} is heard out for a while and then dropped`, () =>
      withSeeder(async (seeder, seed) => {
        const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
        await peer.hears('haveAll');
        peer.say(...Array.from({ length: 1_500 }, () => words), encodeSimple('notInterested'));
        peer.say(encodeBlock('request', first));
        await peer.hears('reject');
        peer.say(...Array.from({ length: 1_500 }, () => words));
        await peer.dropped();
      }));
  }

  test('that cancels and rejects what was never asked is served all the same', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      const odd = { piece: 0xffff_ffff, begin: 0xffff_ffff, length: 0xffff_ffff };
      peer.say(
        encodeBlock('cancel', odd),
        encodeBlock('reject', odd),
        encodeBlock('cancel', first),
      );
      peer.say(encodeSimple('interested'));
      await peer.hears('unchoke');
      peer.close();
    }));

  test('that asks while it is choked is rejected', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      peer.say(encodeBlock('request', first));
      await peer.hears('reject');
      assert.deepEqual(peer.all('reject')[0]?.block, first);
      assert.equal(peer.all('piece').length, 0);
      peer.close();
    }));

  test('that floods us with requests and does not read is dropped, and memory stays flat', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      peer.say(encodeSimple('interested'));
      await peer.hears('unchoke');
      peer.stopReading();
      const before = process.memoryUsage().rss;
      const hundred = Buffer.concat(
        Array.from({ length: 100 }, () => encodeBlock('request', first)),
      );
      for (let burst = 0; burst < 4_000 && !peer.isClosed; burst++) {
        peer.say(hundred);
        if (burst % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (seeder.totals().peers === 0) break;
      }
      const grown = process.memoryUsage().rss - before;
      assert.equal(seeder.totals().peers, 0);
      assert.ok(grown < 100e6, `${grown} bytes more`);
      peer.close();
    }));

  test('that floods us with 10,000 requests and reads is served some and rejected the rest', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      peer.say(encodeSimple('interested'));
      await peer.hears('unchoke');
      const request = encodeBlock('request', { ...first, length: 100 });
      peer.say(Buffer.concat(Array.from({ length: 10_000 }, () => request)));
      const answered = (): number => peer.all('piece').length + peer.all('reject').length;
      while (answered() < 10_000) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.ok(peer.all('piece').length >= 512);
      assert.equal(seeder.totals().peers, 1);
      peer.close();
    }));

  test('that takes a slot, asks for a lot and never reads is dropped after a minute', () =>
    withSeeder(async (seeder, seed) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      peer.say(encodeSimple('interested'));
      await peer.hears('unchoke');
      peer.stopReading();
      const end = performance.now() + 10_000;
      for (let turn = 0; seeder.totals().peers > 0 && performance.now() < end; turn++) {
        peer.say(encodeBlock('request', { ...first, piece: turn % 9 }));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      assert.equal(seeder.totals().peers, 0);
      peer.close();
    }, 100));

  test('that is silent for long is dropped, one that keeps its connection alive is not', () =>
    withSeeder(async (seeder, seed) => {
      const silent = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      const alive = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      const timer = setInterval(() => alive.say(Buffer.alloc(4)), 50);
      await silent.dropped();
      clearInterval(timer);
      assert.equal(alive.isClosed, false);
      // And is told that we are alive in the meantime.
      assert.ok(alive.all('keepAlive').length >= 1);
      alive.close();
    }, 100));

  test('that resets its connection anywhere does no harm', () =>
    withSeeder(async (seeder, seed) => {
      const greeting = encodeHandshake(seed.metainfo.infoHash, 'ab'.repeat(20) as never);
      const talk = Buffer.concat([greeting, encodeSimple('interested'), raw(13, 6, 3)]);
      for (const length of [0, 1, 67, 68, 72, 73, 78, talk.length]) {
        const socket = connect({ ...addressOf(seeder) });
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.write(talk.subarray(0, length));
        await new Promise((resolve) => setTimeout(resolve, 3));
        socket.resetAndDestroy();
      }
      const end = performance.now() + 2_000;
      while (seeder.totals().peers > 0 && performance.now() < end)
        await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(seeder.totals().peers, 0);
    }));
});
