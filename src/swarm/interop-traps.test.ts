import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { encodeBencode } from '../torrent/bencode.ts';
import type { Block } from '../torrent/geometry.ts';
import { encodeHandshake, handshakeLength } from '../torrent/handshake.ts';
import { encodeBlock, encodeExtended, encodeSimple } from '../torrent/wire.ts';
import { drawId, FakeHost, FakePeer, seedWith, sliceOf } from './fake-peer.ts';
import { addressOf, fastClock, noise, SwarmLab, until } from './swarm-fixtures.ts';

// What clients of others do not forgive; each of these was seen in one of them.

const bytes = noise(1_200_000);
const nameOf = ({ piece, begin }: Pick<Block, 'piece' | 'begin'>): string => `${piece}:${begin}`;

/** Writes down what one peer is asked for, and fails when it is asked for what it still owes. */
class Ledger {
  readonly owed = new Set<string>();
  readonly lengths = new Set<number>();
  most = 0;
  requests = 0;
  duplicates = 0;

  asked(block: Block): void {
    this.requests++;
    if (this.owed.has(nameOf(block))) this.duplicates++;
    this.owed.add(nameOf(block));
    this.lengths.add(block.length);
    this.most = Math.max(this.most, this.owed.size);
  }

  settled(block: Pick<Block, 'piece' | 'begin'>): void {
    this.owed.delete(nameOf(block));
  }
}

suite('a foreign client', { timeout: 30_000 }, () => {
  test('that is dialled hears nothing behind the handshake before it has answered', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const heard: Buffer[] = [];
    let socket: Socket | undefined;
    const server = createServer((incoming) => {
      socket = incoming.on('data', (chunk: Buffer) => heard.push(chunk)).on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    lab.defer(async () => {
      socket?.destroy();
      server.close();
      await once(server, 'close');
    });
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const host = await lab.start();
    const peers = [{ host: '127.0.0.1', port }];
    const download = host.download(metainfo, { path: lab.path('copy'), peers });
    await until('the handshake has come', () => Buffer.concat(heard).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(Buffer.concat(heard).length, handshakeLength);
    socket?.write(encodeHandshake(metainfo.infoHash, drawId()));
    await until('more has come', () => Buffer.concat(heard).length > handshakeLength);
    await download.stop();
  });

  test('that begins with an encrypted handshake is closed at once, so that it comes again in plain text', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo, { greet: false });
    const begun = performance.now();
    peer.say(noise(96, 77));
    await peer.dropped();
    assert.ok(performance.now() - begun < 500);
    const again = await FakePeer.dial(addressOf(seeder), seed.metainfo);
    await again.hears('haveAll');
    again.close();
  });

  test('is asked for blocks of 16 KiB at most, each once, and no more at a time than it bears', async () => {
    for (const limit of [undefined, 5]) {
      await using lab = await SwarmLab.create();
      const { metainfo } = await lab.seed(bytes);
      const ledger = new Ledger();
      await using seed = await FakeHost.start(metainfo, (peer) => {
        if (limit !== undefined)
          peer.say(encodeExtended(0, encodeBencode({ m: { ut_pex: 1 }, reqq: limit })));
        peer.say(encodeSimple('haveAll'));
        peer.onMessage = (message) => {
          if (message.type === 'interested') peer.say(encodeSimple('unchoke'));
          if (message.type !== 'request') return;
          const { block } = message;
          ledger.asked(block);
          setTimeout(() => {
            ledger.settled(block);
            peer.sendBlock(block, sliceOf(bytes, metainfo, block));
          }, 5);
        };
      });
      const host = await lab.start();
      const options = { path: lab.path('copy'), peers: [seed.address] };
      await host.download(metainfo, options).done;
      assert.ok(Math.max(...ledger.lengths) <= 16_384);
      assert.deepEqual([ledger.duplicates, ledger.requests], [0, Math.ceil(bytes.length / 16_384)]);
      assert.ok(ledger.most <= (limit ?? 50), `${ledger.most} at a time`);
    }
  });

  test('that is slow, or says nothing for long, is not asked again for what it owes', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const ledger = new Ledger();
    let isAwake = false;
    const waiting: Block[] = [];
    await using sleeper = await FakeHost.start(metainfo, (peer) => {
      const send = (block: Block): void => {
        if (!ledger.owed.has(nameOf(block))) return;
        ledger.settled(block);
        peer.sendBlock(block, sliceOf(bytes, metainfo, block));
      };
      peer.say(encodeSimple('haveAll'));
      peer.onMessage = (message) => {
        if (message.type === 'interested') peer.say(encodeSimple('unchoke'));
        // A cancelled request is answered by a reject (BEP 6), and may then be made anew.
        if (message.type === 'cancel' && ledger.owed.has(nameOf(message.block))) {
          ledger.settled(message.block);
          peer.say(encodeBlock('reject', message.block));
        }
        if (message.type !== 'request') return;
        ledger.asked(message.block);
        if (isAwake) send(message.block);
        else waiting.push(message.block);
      };
      setTimeout(() => {
        isAwake = true;
        for (const block of waiting) send(block);
      }, 1_500);
    });
    const host = await lab.start([], { clock: fastClock(20) });
    const options = { path: lab.path('copy'), peers: [sleeper.address] };
    await host.download(metainfo, options).done;
    assert.equal(ledger.duplicates, 0);
  });

  test('that knows no extensions hears of none', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const { metainfo } = seed;
    const basic = new Set([
      'choke',
      'unchoke',
      'interested',
      'notInterested',
      'have',
      'bitfield',
      'request',
      'piece',
      'cancel',
      'keepAlive',
    ]);
    const all = Buffer.alloc(Math.ceil(metainfo.pieceCount / 8), 0xff);
    all[all.length - 1] = (0xff00 >> (metainfo.pieceCount % 8 || 8)) & 0xff;
    await using plain = await FakeHost.start(
      metainfo,
      (peer) => {
        peer.say(Buffer.from([0, 0, 0, 1 + all.length, 5]), all);
        peer.onMessage = (message) => {
          if (message.type === 'interested') peer.say(encodeSimple('unchoke'));
          if (message.type === 'request')
            peer.sendBlock(message.block, sliceOf(bytes, metainfo, message.block));
        };
      },
      { isPlain: true },
    );
    const host = await lab.start([]);
    await host.download(metainfo, { path: lab.path('copy'), peers: [plain.address] }).done;
    const heard = plain.peers.flatMap((peer) => peer.heard.map(({ type }) => type));
    assert.ok(
      heard.length > 70 && heard.every((type) => basic.has(type)),
      [...new Set(heard)].join(),
    );
  });

  test('that speaks extensions of its own is understood without them, and hears nothing but our handshake', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const own = encodeBencode({
      m: { ut_metadata: 2, ut_pex: 1, lt_donthave: 7, 'x-unknown': 200 },
      metadata_size: 1_000,
      yourip: Buffer.of(127, 0, 0, 1),
      'complete ago': -1,
      v: 'FakeTorrent 1',
    });
    const behave = seedWith((block) => sliceOf(bytes, metainfo, block));
    await using seed = await FakeHost.start(metainfo, (peer) => {
      peer.say(encodeExtended(0, own));
      behave(peer);
      peer.say(encodeExtended(1, Buffer.from('d5:added0:e')));
      peer.say(encodeExtended(77, noise(500, 3)), encodeExtended(255, Buffer.alloc(0)));
    });
    const host = await lab.start();
    await host.download(metainfo, { path: lab.path('copy'), peers: [seed.address] }).done;
    assert.equal(seed.peers.length, 1);
    assert.equal(seed.peers[0]?.all('extended').length, 1);
  });
});
