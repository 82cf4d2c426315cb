import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { isIpv4, ordinary, peerAddresses, twentyBytesHex, zones } from '../../test/arbitraries.ts';
import { fuzzRuns, survives } from '../../test/mutations.ts';
import {
  asksForDictionaries,
  encodeAnnounceDictionaries,
  encodeAnnounceQuery,
  encodeAnnounceResponse,
  parseAnnounceQuery,
  parseAnnounceResponse,
  type AnnounceRequest,
  type AnnounceResponse,
} from './announce.ts';
import { announceOf } from './announce-fixture.ts';
import { decodeBencode, encodeBencode } from './bencode.ts';
import type { InfoHash, PeerId } from './ids.ts';
import {
  encodeScrapeQuery,
  encodeScrapeResponse,
  parseScrapeQuery,
  parseScrapeResponse,
} from './scrape.ts';
import { encodeTrackerFailure } from './tracker-answer.ts';
import { TrackerError } from './tracker-error.ts';

const infoHash = twentyBytesHex.map((hex) => hex as InfoHash);
const count = fc.maxSafeNat();

const request: fc.Arbitrary<AnnounceRequest> = fc.record(
  {
    infoHash,
    peerId: twentyBytesHex.map((hex) => hex as PeerId),
    port: fc.nat(65_535),
    uploaded: count,
    downloaded: count,
    left: count,
    event: fc.constantFrom('started', 'stopped', 'completed', undefined),
    numWant: fc.option(count, { nil: undefined }),
    zone: fc.option(zones, { nil: undefined }),
  },
  ordinary,
);

const response: fc.Arbitrary<AnnounceResponse> = fc.record(
  {
    interval: fc.integer({ min: 1, max: 100_000 }),
    minInterval: fc.option(fc.nat(100_000), { nil: undefined }),
    complete: count,
    incomplete: count,
    peers: peerAddresses,
  },
  ordinary,
);

const scrapes = fc
  .array(
    fc.tuple(
      infoHash,
      fc.record({ complete: count, incomplete: count, downloaded: count }, ordinary),
    ),
    {
      maxLength: 5,
    },
  )
  .map((entries) => new Map(entries));

const isTrackerError = (error: unknown): boolean => error instanceof TrackerError;
const byHash = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : 1;
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

suite('announce and scrape', { timeout: 60_000 }, () => {
  test('a request survives the round trip, whatever bytes the hashes have', () => {
    fc.assert(
      fc.property(request, (original) => {
        const query = encodeAnnounceQuery(original);
        assert.deepEqual(parseAnnounceQuery(query), original);
        assert.deepEqual(parseAnnounceQuery(`?${query}`), original);
        // A URL parser on the way changes nothing.
        assert.equal(new URL(`http://t/a?${query}`).search, `?${query}`);
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('an answer survives the round trip, IPv4 peers first', () => {
    fc.assert(
      fc.property(response, (original) => {
        const peers = [
          ...original.peers.filter(isIpv4),
          ...original.peers.filter((peer) => !isIpv4(peer)),
        ];
        assert.deepEqual(parseAnnounceResponse(encodeAnnounceResponse(original)), {
          ...original,
          peers,
        });
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('an answer is the canonical bencoding that every client reads', () => {
    fc.assert(
      fc.property(response, (original) => {
        const body = encodeAnnounceResponse(original);
        assert.deepEqual(encodeBencode(decodeBencode(body)), body);
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('an answer in dictionaries says the same', () => {
    fc.assert(
      fc.property(response, (original) => {
        const body = encodeAnnounceDictionaries(original);
        assert.deepEqual(parseAnnounceResponse(body), original);
      }),
      { numRuns: fuzzRuns },
    );
    for (const search of ['?compact=0', 'a=1&compact=0&b=2'])
      assert.ok(asksForDictionaries(search));
    for (const search of ['', '?compact=1', '?compact=01', '?xcompact=0', '?compact=0x']) {
      assert.equal(asksForDictionaries(search), false, search);
    }
  });

  test('a scrape survives the round trip', () => {
    fc.assert(
      fc.property(scrapes, (entries) => {
        assert.deepEqual(parseScrapeQuery(encodeScrapeQuery([...entries.keys()])), [
          ...entries.keys(),
        ]);
        assert.deepEqual(
          [...parseScrapeResponse(encodeScrapeResponse(entries))].toSorted(byHash),
          [...entries].toSorted(byHash),
        );
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('damaged queries and answers are read or refused', () => {
    const query = request.map((original) => Buffer.from(encodeAnnounceQuery(original)));
    survives(query, (bytes) => parseAnnounceQuery(latin1(bytes)), isTrackerError);
    survives(query, (bytes) => parseScrapeQuery(latin1(bytes)), isTrackerError);
    survives(response.map(encodeAnnounceResponse), parseAnnounceResponse, isTrackerError);
    survives(scrapes.map(encodeScrapeResponse), parseScrapeResponse, isTrackerError);
  });

  test('the queries of other clients are understood', () => {
    // As ctorrent, aria2 and a form encoder write it: unreserved bytes plain, or a space as a plus.
    const hash = '%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A';
    const parsed = parseAnnounceQuery(
      `info_hash=${hash}&peer_id=-XX0001-abc%2Bdefghij+&port=6881&uploaded=0&downloaded=0` +
        '&left=99999999999999999999&event=empty&numwant=-1&compact=1&no_peer_id=1&key=abc&ip=10.6.6.6&supportcrypto&zone=no%20zone',
    );

    assert.equal(parsed.infoHash, '123456789abcdef123456789abcdef123456789a');
    assert.equal(Buffer.from(parsed.peerId, 'hex').toString(), '-XX0001-abc+defghij ');
    assert.equal(parsed.left, Number.MAX_SAFE_INTEGER);
    assert.equal(parsed.event, undefined);
    assert.equal(parsed.numWant, undefined);
    assert.equal(parsed.zone, undefined);
  });

  test('a query that lacks what is needed is refused with the reason', () => {
    const good = encodeAnnounceQuery(announceOf({ port: 1, left: 0 }));
    const refused = (search: string, message: RegExp): void =>
      assert.throws(() => parseAnnounceQuery(search), { code: 'TRACKER_REQUEST_INVALID', message });

    refused('', /port/);
    refused(good.replace(/info_hash=[^&]*&/, ''), /info_hash/);
    refused(good.replace(/peer_id=[^&]*/, 'peer_id=short'), /peer_id/);
    refused(good.replace(/port=1/, 'port=65536'), /port/);
    refused(good.replace(/port=1/, 'port=-1'), /port/);
    refused(good.replace(/&left=0/, ''), /left/);
    refused(good.replace(/left=0/, 'left=1e3'), /left/);
    for (const wrong of ['%f', '%', '%0g', '%g0', '\u0416']) {
      const broken = good.replace(/info_hash=%ab/, `info_hash=${wrong}`);
      refused(broken, /percent|20 bytes/);
    }
  });

  test('answers that are not compact are understood, and peers without an address passed over', () => {
    const answer = encodeBencode({
      interval: 1800,
      peers: [
        { ip: '10.0.0.1', port: 6881, 'peer id': 'x'.repeat(20) },
        { ip: '::ffff:10.0.0.2', port: 6882 },
        { ip: 'host.example', port: 6883 },
        { ip: '10.0.0.4', port: 0 },
        { port: 6885 },
        'wrong',
      ],
    });
    assert.deepEqual(parseAnnounceResponse(answer), {
      interval: 1800,
      minInterval: undefined,
      complete: 0,
      incomplete: 0,
      peers: [
        { host: '10.0.0.1', port: 6881 },
        { host: '10.0.0.2', port: 6882 },
      ],
    });
  });

  test('a failure reason is an error of its own, and nonsense another', () => {
    const refused = { code: 'TRACKER_REFUSED', message: 'näin ei' };
    assert.throws(() => parseAnnounceResponse(encodeTrackerFailure('näin ei')), refused);
    assert.throws(() => parseScrapeResponse(encodeTrackerFailure('näin ei')), refused);
    const invalid = { code: 'TRACKER_ANSWER_INVALID' };
    for (const text of [
      '',
      '<html>',
      'le',
      'de',
      'd8:intervali-5ee',
      'd8:intervali5e5:peers5:abcdee',
    ]) {
      assert.throws(() => parseAnnounceResponse(Buffer.from(text)), invalid, text);
    }
    assert.throws(() => parseScrapeResponse(Buffer.from('de')), invalid);
  });
});
