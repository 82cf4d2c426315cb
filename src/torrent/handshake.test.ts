import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { twentyBytesHex } from '../../test/arbitraries.ts';
import { fuzzRuns, survives } from '../../test/mutations.ts';
import { encodeHandshake, handshakeLength, mayBeHandshake, parseHandshake } from './handshake.ts';
import type { InfoHash, PeerId } from './ids.ts';

const handshakes = fc
  .tuple(twentyBytesHex, twentyBytesHex)
  .map(([infoHash, peerId]) => encodeHandshake(infoHash as InfoHash, peerId as PeerId));

suite('handshake', () => {
  test('what is written is read as the same, with both extensions', () => {
    fc.assert(
      fc.property(twentyBytesHex, twentyBytesHex, (infoHash, peerId) => {
        const bytes = encodeHandshake(infoHash as InfoHash, peerId as PeerId);
        assert.equal(bytes.length, handshakeLength);
        assert.deepEqual(parseHandshake(bytes), { infoHash, peerId, fast: true, extended: true });
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('a client whose reserved bytes are zero knows neither extension', () => {
    const bytes = Buffer.concat([
      Buffer.from('\x13BitTorrent protocol', 'latin1'),
      Buffer.alloc(8),
      Buffer.alloc(20, 0xaa),
      Buffer.from('-XX0001-abcdefghijkl'),
    ]);
    const handshake = parseHandshake(bytes);
    assert.deepEqual([handshake?.fast, handshake?.extended], [false, false]);
    assert.equal(handshake?.infoHash, 'aa'.repeat(20));
  });

  test('the beginning of a handshake may become one, and other first bytes may not', () => {
    const bytes = encodeHandshake('ab'.repeat(20) as InfoHash, 'cd'.repeat(20) as PeerId);
    for (let length = 0; length <= bytes.length; length++)
      assert.ok(mayBeHandshake(bytes.subarray(0, length)), `${length}`);
    assert.ok(!mayBeHandshake(Buffer.from('GET / HTTP/1.1')));
    assert.ok(!mayBeHandshake(Buffer.from([0x16])));
    assert.ok(!mayBeHandshake(Buffer.from('\x13BitTorrent protocoX', 'latin1')));
  });

  test('too few bytes, too many, or another protocol are no handshake', () => {
    const bytes = encodeHandshake('ab'.repeat(20) as InfoHash, 'cd'.repeat(20) as PeerId);
    assert.equal(parseHandshake(bytes.subarray(0, 67)), undefined);
    assert.equal(parseHandshake(Buffer.concat([bytes, Buffer.alloc(1)])), undefined);
    assert.equal(parseHandshake(bytes.map((byte, index) => (index === 19 ? 0 : byte))), undefined);
  });

  test('damaged handshakes never throw', () => {
    survives(handshakes, parseHandshake, () => false);
  });
});
