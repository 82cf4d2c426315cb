import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { TokenBucket, Unlimited, type RateLimiter } from '../base/rate-limiter.ts';
import type { Handshake } from '../torrent/handshake.ts';
import { parseZone } from '../torrent/zone.ts';
import type { InfoHash, PeerId } from '../torrent/ids.ts';
import { encodeExtensionHandshake } from '../torrent/extension-handshake.ts';
import {
  encodeExtended,
  encodeHave,
  encodePieceHeader,
  type WireMessage,
} from '../torrent/wire.ts';
import type { Connection, ConnectionHandler } from './network.ts';
import { Peer } from './peer.ts';

const handshake: Handshake = {
  infoHash: 'aa'.repeat(20) as InfoHash,
  peerId: 'bb'.repeat(20) as PeerId,
  fast: true,
  extended: true,
};

/** A connection whose other end is the test: it holds what comes while it is paused, as a socket does. */
class TestConnection implements Connection {
  readonly remote = { host: '10.0.0.1', port: 6881 };
  written = 0;
  isDestroyed = false;
  isPaused = true;
  hasRoom = true;
  #handler: ConnectionHandler | undefined;
  #held: Uint8Array[] = [];

  handle(handler: ConnectionHandler): void {
    this.#handler = handler;
    this.resume();
  }

  write(parts: readonly Uint8Array[]): boolean {
    for (const part of parts) this.written += part.length;
    return this.hasRoom;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    while (!this.isPaused && this.#held.length > 0) this.#handler?.data(this.#held.shift()!);
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  come(...chunks: readonly Uint8Array[]): void {
    this.#held.push(...chunks);
    if (!this.isPaused) this.resume();
  }

  /** A chunk that was on its way already when the connection was paused. */
  comeAnyway(chunk: Uint8Array): void {
    this.#handler?.data(chunk);
  }

  drain(): void {
    this.hasRoom = true;
    this.#handler?.drained();
  }

  end(): void {
    this.#handler?.closed();
  }
}

function peerOn(connection: TestConnection, download: RateLimiter = new Unlimited()) {
  const heard: WireMessage['type'][] = [];
  const ended: string[] = [];
  const peer = new Peer(connection, handshake, {
    isOutgoing: true,
    pieceCount: 100,
    download,
    events: {
      message: (_, { type }) => heard.push(type),
      drained: () => ended.push('drained'),
      gone: () => ended.push('gone'),
    },
    now: 0,
  });
  return { peer, heard, ended };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

suite('peer', () => {
  test('reading waits for the link until all that came is paid, and loses nothing', async () => {
    const clock = new ManualClock();
    const connection = new TestConnection();
    const { peer, heard } = peerOn(connection, new TokenBucket(1_000, clock, 9));
    // What came behind the handshake is more than the link allows at once.
    peer.start(Buffer.concat([encodeHave(1), encodeHave(2)]), () => clock.now());
    assert.equal(connection.isPaused, true);
    connection.comeAnyway(encodeHave(3));
    connection.come(encodeHave(4));
    assert.equal(heard.length, 3);
    clock.advance(9);
    await settle();
    assert.equal(connection.isPaused, true, 'it reads on though the second chunk is not paid');
    clock.advance(9);
    await settle();
    assert.equal(heard.length, 4);
    clock.advance(9);
    await settle();
    connection.come(encodeHave(5));
    assert.equal(heard.length, 5);
  });

  test('a message in many chunks, each paused after, is one message', async () => {
    const clock = new ManualClock();
    const connection = new TestConnection();
    const { peer, heard } = peerOn(connection, new TokenBucket(1_000, clock, 1));
    peer.start(Buffer.alloc(0), () => clock.now());
    const message = Buffer.concat([
      encodePieceHeader({ piece: 1, begin: 0, length: 500 }),
      Buffer.alloc(500),
    ]);
    for (const byte of message) connection.come(Buffer.of(byte));
    for (let time = 0; time < 600; time++) {
      clock.advance(1);
      await settle();
    }
    assert.deepEqual(heard, ['piece']);
  });

  test('after it is closed nothing more is heard or said, and its end is told once', () => {
    const connection = new TestConnection();
    const { peer, heard, ended } = peerOn(connection);
    peer.start(Buffer.alloc(0), () => 0);
    peer.close('a test');
    const { written } = connection;
    connection.come(encodeHave(1));
    connection.end();
    peer.close('again');
    peer.have([1, 2]);
    assert.deepEqual([heard, ended, peer.reason], [[], ['gone'], 'a test']);
    assert.equal(connection.written, written);
  });

  test('how many requests it bears is what it says, or little; its zone is what it says', () => {
    const connection = new TestConnection();
    const { peer } = peerOn(connection);
    peer.start(Buffer.alloc(0), () => 0);
    assert.equal(peer.requestLimit, 50);
    const say = (requestLimit: number): void =>
      connection.come(
        encodeExtended(
          0,
          encodeExtensionHandshake({
            client: 'x',
            port: 1,
            requestLimit,
            isUploadOnly: false,
            longestBlock: undefined,
            reveals: false,
            zone: parseZone('a'),
            crossingId: undefined,
          }),
        ),
      );
    assert.equal(peer.zone, undefined);
    say(2_000);
    say(5);
    assert.equal(peer.requestLimit, 2_000);
    assert.equal(peer.zone, 'a');
  });

  test('it is kept alive each minute, and given up when it is silent for long', () => {
    const connection = new TestConnection();
    const { peer, ended } = peerOn(connection);
    peer.start(Buffer.alloc(0), () => 100_000);
    peer.tick(60_001);
    assert.equal(connection.written, 4);
    peer.tick(90_000);
    assert.equal(connection.written, 4);
    connection.come(Buffer.alloc(4));
    peer.tick(250_000);
    assert.deepEqual(ended, []);
    peer.tick(250_001);
    assert.deepEqual(ended, ['gone']);
  });

  test('one whose message does not end is given up, however often a byte of it comes', () => {
    const connection = new TestConnection();
    const { peer, ended } = peerOn(connection);
    let now = 0;
    peer.start(Buffer.alloc(0), () => now);
    const message = Buffer.concat([
      encodePieceHeader({ piece: 1, begin: 0, length: 500 }),
      Buffer.alloc(500),
    ]);
    for (; now < 90_000; now += 1_000) {
      connection.come(message.subarray(now / 1_000, now / 1_000 + 1));
      peer.tick(now);
    }
    assert.deepEqual(ended, []);
    peer.tick(90_001);
    assert.deepEqual(ended, ['gone']);
    assert.equal(peer.reason, 'its message does not end');
  });

  test('one that sends message upon message, none of them whole at any moment, is not given up', () => {
    const connection = new TestConnection();
    const { peer, ended } = peerOn(connection);
    let now = 0;
    peer.start(Buffer.alloc(0), () => now);
    const two = Buffer.concat([encodeHave(1), encodeHave(2)]);
    connection.come(two.subarray(0, 5));
    for (; now < 300_000; now += 30_000) {
      connection.come(two.subarray(5, 14));
      peer.tick(now);
    }
    assert.deepEqual(ended, []);
  });

  test('of its extension handshakes only the first few are looked at', () => {
    const connection = new TestConnection();
    const { peer } = peerOn(connection);
    peer.start(Buffer.alloc(0), () => 0);
    for (let count = 0; count < 4; count++)
      connection.come(encodeExtended(0, Buffer.from('wrong')));
    connection.come(encodeExtended(0, Buffer.from('d4:reqqi7ee')));
    assert.equal(peer.extension, undefined);
  });

  test('one that does not read is given up after a minute, unless it reads again', () => {
    const connection = new TestConnection();
    const { peer, ended } = peerOn(connection);
    peer.start(Buffer.alloc(0), () => 100_000);
    connection.hasRoom = false;
    assert.equal(
      peer.sendBlocks(Buffer.alloc(18), () => {}),
      false,
    );
    connection.come(Buffer.alloc(4));
    peer.tick(100_000);
    connection.drain();
    peer.tick(161_000);
    peer.sendBlocks(Buffer.alloc(18), () => {});
    assert.deepEqual(ended, ['drained']);
    connection.hasRoom = false;
    peer.sendBlocks(Buffer.alloc(18), () => {});
    peer.tick(170_000);
    peer.tick(230_001);
    assert.deepEqual(ended, ['drained', 'gone']);
  });

  test('one that makes us speak and does not read is cut off', () => {
    const connection = new TestConnection();
    const { peer } = peerOn(connection);
    peer.start(Buffer.alloc(0), () => 0);
    connection.hasRoom = false;
    for (let turn = 0; turn < 10_000; turn++) peer.reject({ piece: 0, begin: 0, length: 5 });
    assert.equal(connection.isDestroyed, false);
    for (let turn = 0; turn < 6_000; turn++) peer.reject({ piece: 0, begin: 0, length: 5 });
    assert.equal(connection.isDestroyed, true);
  });
});
