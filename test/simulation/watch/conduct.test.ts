import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../../../src/base/random.ts';
import { encodeHandshake } from '../../../src/torrent/handshake.ts';
import type { PeerId } from '../../../src/torrent/ids.ts';
import {
  encodeBitfield,
  encodeBlock,
  encodeHave,
  encodePieceHeader,
  encodeSimple,
} from '../../../src/torrent/wire.ts';
import { blobsOf, bytesOf, type Blob } from '../scenario/blob.ts';
import { End } from '../world/end.ts';
import { MemoryNetwork } from '../world/memory-network.ts';
import { Process } from '../world/process.ts';
import { Timeline } from '../world/timeline.ts';
import { Conduct, type Subject } from './conduct.ts';

const [blob] = blobsOf([{ length: 100_000, pieceLength: 32_768, isOld: false }]) as [Blob];
const id = 'ab'.repeat(20) as PeerId;
const first = { piece: 0, begin: 0, length: 16_384 };
const handshake = encodeHandshake(blob.metainfo.infoHash, id);
const request = encodeBlock('request', first);
const piece = Buffer.concat([encodePieceHeader(first), bytesOf(blob, first)]);
const wrongPiece = Buffer.concat([encodePieceHeader(first), Buffer.alloc(first.length)]);

/** An engine that has piece 0 on its disk, and is watched on one connection. */
class Watched {
  readonly complaints: string[] = [];
  readonly lies: string[] = [];
  readonly end: End;
  readonly conduct: Conduct;
  readonly subject: Subject = {
    blobOf: (infoHash) => (infoHash === blob.metainfo.infoHash ? blob : undefined),
    hasOnDisk: (_blob, index) => index === 0,
    isRotten: false,
    conducts: new Set(),
    touched: new Set(),
    unchoked: 0,
    wasLiedTo: (from) => this.lies.push(from),
    wrong: (what) => this.complaints.push(what),
    trace: () => {},
  };

  constructor() {
    const timeline = new Timeline();
    const nature = { latency: [1, 1], fragment: 1, window: 1, highWaterMark: 1 } as const;
    const network = new MemoryNetwork(timeline, seededRandom(1), nature);
    const station = network.station('10.0.0.1', { up: 1, down: 1 });
    const remote = { host: '10.0.0.2', port: 6881 };
    this.end = new End(network, station, new Process(timeline), remote, 6881);
    this.conduct = new Conduct(this.end, this.subject, 1_000);
    this.says(handshake);
    this.hears(handshake);
  }

  says(...parts: readonly Uint8Array[]): this {
    this.conduct.wrote(parts);
    this.conduct.settled();
    return this;
  }

  hears(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) {
      this.conduct.heard(chunk);
      this.conduct.handled();
      this.conduct.settled();
    }
    return this;
  }
}

const unchoked = (): Watched =>
  new Watched().hears(encodeSimple('haveAll'), encodeSimple('unchoke'));

suite('the watch over an engine complains', () => {
  const cases: Record<string, readonly [Watched, RegExp]> = {
    'of a piece that is shown and not on disk': [
      new Watched().says(encodeHave(1)),
      /shows piece 1/,
    ],
    'of a bitfield that shows such a piece': [
      new Watched().says(encodeBitfield(Buffer.of(0b1100_0000))),
      /shows piece 1/,
    ],
    'of a block that nobody asked for': [new Watched().says(piece), /sends 0:0.*not asked for/],
    'of a block that is sent twice': [
      new Watched().hears(request).says(piece, piece),
      /sends 0:0.*not asked for/,
    ],
    'of wrong bytes': [new Watched().hears(request).says(wrongPiece), /wrong bytes/],
    'of a request while it is choked': [
      new Watched().hears(encodeSimple('haveAll')).says(request),
      /while it is choked/,
    ],
    'of a request to who lacks the piece': [
      new Watched().hears(encodeSimple('unchoke')).says(request),
      /of a peer that lacks it/,
    ],
    'of a request that is said twice': [unchoked().says(request, request), /twice/],
    'of a choke that is said twice': [
      new Watched().says(encodeSimple('unchoke'), encodeSimple('unchoke')),
      /unchoke twice/,
    ],
    'of a reject of nothing': [new Watched().says(encodeBlock('reject', first)), /rejects/],
    'of a peer that goes on after what nobody asked for': [unchoked().hears(piece), /goes on/],
    'of a peer that goes on after an impossible message': [
      new Watched().hears(Buffer.of(0, 0, 0, 9, 99)),
      /goes on with a peer/,
    ],
    'of too much that waits in the process': [
      new Watched().says(Buffer.concat(Array.from({ length: 150_000 }, () => encodeHave(0)))),
      /bytes wait/,
    ],
  };
  for (const [name, [watched, complaint]] of Object.entries(cases))
    test(name, () => assert.match(watched.complaints.join('\n'), complaint));

  test('of nothing that is as it should be', () => {
    const watched = unchoked()
      .says(request)
      .hears(piece)
      .says(encodeHave(0), encodeSimple('unchoke'))
      .hears(request)
      .says(piece);
    assert.deepEqual(watched.complaints, []);
    assert.equal(watched.subject.unchoked, 1);
    watched.end.close();
  });

  test('of nobody who was lied to, but counts the lies', () => {
    const watched = unchoked().says(request).hears(wrongPiece);
    assert.deepEqual(watched.complaints, []);
    assert.deepEqual(watched.lies, ['10.0.0.2']);
  });

  test('of no request again that was cancelled or answered', () => {
    const cancel = encodeBlock('cancel', first);
    const watched = unchoked().says(request, cancel, request).hears(piece, piece).says(request);
    assert.deepEqual(watched.complaints, []);
  });
});
