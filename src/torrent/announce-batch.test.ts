import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { isIpv4, ordinary, peerAddresses, twentyBytesHex, zones } from '../../test/arbitraries.ts';
import { fuzzRuns, survives } from '../../test/mutations.ts';
import {
  type AnnounceBatch,
  type AnnounceBatchResponse,
  type BatchedAnswer,
  encodeAnnounceBatch,
  encodeAnnounceBatchResponse,
  largestBatch,
  largestBatchAnswer,
  largestBatchBody,
  parseAnnounceBatch,
  parseAnnounceBatchResponse,
} from './announce-batch.ts';
import { encodeBencode } from './bencode.ts';
import type { InfoHash, PeerId } from './ids.ts';
import { encodeTrackerFailure } from './tracker-answer.ts';
import { TrackerError } from './tracker-error.ts';
import { parseZone } from './zone.ts';

const count = fc.maxSafeNat();
const interval = fc.integer({ min: 1, max: 100_000 });

const torrents = fc.record(
  {
    infoHash: twentyBytesHex.map((hex) => hex as InfoHash),
    uploaded: count,
    downloaded: count,
    left: count,
    event: fc.constantFrom('started' as const, 'stopped' as const, 'completed' as const, undefined),
    numWant: fc.option(count, { nil: undefined }),
  },
  ordinary,
);

const batches: fc.Arbitrary<AnnounceBatch> = fc.record(
  {
    peerId: twentyBytesHex.map((hex) => hex as PeerId),
    port: fc.nat(65_535),
    zone: fc.option(zones, { nil: undefined }),
    torrents: fc.array(torrents, { minLength: 1, maxLength: 8 }),
  },
  ordinary,
);

const answers: fc.Arbitrary<BatchedAnswer> = fc.oneof(
  fc.record({ failure: fc.string({ unit: 'grapheme' }) }, ordinary),
  fc.record({ interval, complete: count, incomplete: count, peers: peerAddresses }, ordinary),
);

const responses: fc.Arbitrary<AnnounceBatchResponse> = fc.record(
  {
    interval,
    minInterval: fc.option(fc.nat(100_000), { nil: undefined }),
    torrents: fc.array(answers, { minLength: 1, maxLength: 5 }),
  },
  ordinary,
);

const sorted = (answer: BatchedAnswer): BatchedAnswer =>
  'failure' in answer
    ? answer
    : {
        ...answer,
        peers: [...answer.peers.filter(isIpv4), ...answer.peers.filter((peer) => !isIpv4(peer))],
      };

const isTrackerError = (error: unknown): boolean => error instanceof TrackerError;

const batch: AnnounceBatch = {
  peerId: 'cd'.repeat(20) as PeerId,
  port: 6881,
  zone: parseZone('rack-7'),
  torrents: [
    {
      infoHash: 'ab'.repeat(20) as InfoHash,
      uploaded: 0,
      downloaded: 0,
      left: Number.MAX_SAFE_INTEGER,
      event: 'completed',
      numWant: 50,
    },
  ],
};

suite('announce batch', { timeout: 60_000 }, () => {
  test('a batch survives the round trip', () => {
    fc.assert(
      fc.property(batches, (original) => {
        assert.deepEqual(parseAnnounceBatch(encodeAnnounceBatch(original)), original);
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('an answer survives the round trip, in the order of the torrents', () => {
    fc.assert(
      fc.property(responses, (original) => {
        const parsed = parseAnnounceBatchResponse(
          encodeAnnounceBatchResponse(original),
          original.torrents.length,
        );
        assert.deepEqual(parsed, { ...original, torrents: original.torrents.map(sorted) });
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('the bytes of a batch are those that are agreed', () => {
    assert.equal(
      encodeAnnounceBatch(batch).toString('latin1'),
      `d7:peer_id20:${'\xcd'.repeat(20)}4:porti6881e8:torrentsl` +
        `d10:downloadedi0e5:event9:completed9:info_hash20:${'\xab'.repeat(20)}` +
        '4:lefti9007199254740991e7:numwanti50e8:uploadedi0ee' +
        'e4:zone6:rack-7e',
    );
  });

  test('the largest batch fits, and a larger one is refused', () => {
    const many = (length: number): Buffer =>
      encodeAnnounceBatch({
        ...batch,
        torrents: Array.from({ length }, () => ({
          ...batch.torrents[0]!,
          uploaded: Number.MAX_SAFE_INTEGER,
          downloaded: Number.MAX_SAFE_INTEGER,
        })),
      });
    assert.ok(many(largestBatch).length < largestBatchBody);
    assert.equal(parseAnnounceBatch(many(largestBatch)).torrents.length, largestBatch);
    assert.throws(() => parseAnnounceBatch(many(largestBatch + 1)), {
      code: 'TRACKER_REQUEST_INVALID',
      message: /at most 1000/,
    });
    const peers = Array.from({ length: 50 }, (_, index) => ({
      host: `2001:db8:1111:2222:3333:4444:5555:${(index + 4096).toString(16)}`,
      port: 65_535,
    }));
    const answer = { interval: 30, complete: 9_999, incomplete: 9_999, peers };
    const body = encodeAnnounceBatchResponse({
      interval: 900,
      minInterval: 3,
      torrents: Array.from({ length: largestBatch }, () => answer),
    });
    assert.ok(body.length < largestBatchAnswer);
    assert.equal(parseAnnounceBatchResponse(body, largestBatch).torrents.length, largestBatch);
  });

  test('a batch that lacks what is needed is refused with the reason', () => {
    const refused = (change: Record<string, unknown>, message: RegExp): void => {
      const body = encodeBencode({
        peer_id: Buffer.alloc(20),
        port: 1,
        torrents: [{ info_hash: Buffer.alloc(20), uploaded: 0, downloaded: 0, left: 0 }],
        ...(change as Record<string, number>),
      });
      assert.throws(() => parseAnnounceBatch(body), { code: 'TRACKER_REQUEST_INVALID', message });
    };
    refused({ port: 65_536 }, /port/);
    refused({ port: -1 }, /port/);
    refused({ port: undefined }, /port/);
    refused({ peer_id: 'short' }, /peer_id/);
    refused({ torrents: [] }, /torrents/);
    refused({ torrents: [1] }, /torrent/);
    refused({ torrents: [{ info_hash: 'short' }] }, /info_hash/);
    refused({ torrents: [{ info_hash: Buffer.alloc(20), uploaded: 0, downloaded: 0 }] }, /left/);
    for (const body of ['', 'le', 'i1e', 'd4:port']) {
      assert.throws(() => parseAnnounceBatch(Buffer.from(body)), {
        code: 'TRACKER_REQUEST_INVALID',
      });
    }
  });

  test('what is no answer to the batch is told apart from a refusal', () => {
    const answer = encodeAnnounceBatchResponse({
      interval: 30,
      minInterval: undefined,
      torrents: [{ failure: 'no' }],
    });
    const code = (bytes: Uint8Array, torrents: number): string | undefined => {
      try {
        parseAnnounceBatchResponse(bytes, torrents);
      } catch (error) {
        return (error as TrackerError).code;
      }
      return undefined;
    };
    assert.equal(code(answer, 1), undefined);
    assert.equal(code(answer, 2), 'TRACKER_ANSWER_INVALID');
    assert.equal(code(Buffer.from('<html>'), 1), 'TRACKER_ANSWER_INVALID');
    assert.equal(code(encodeBencode({ interval: 30, peers: '' }), 1), 'TRACKER_ANSWER_INVALID');
    assert.equal(code(encodeTrackerFailure('no'), 1), 'TRACKER_REFUSED');
  });

  test('damaged batches and answers are read or refused', () => {
    survives(batches.map(encodeAnnounceBatch), parseAnnounceBatch, isTrackerError);
    survives(
      responses.map(encodeAnnounceBatchResponse),
      (bytes) => parseAnnounceBatchResponse(bytes, 1),
      isTrackerError,
    );
  });
});
