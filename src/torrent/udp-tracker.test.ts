import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { isIpv4, ordinary, peerAddresses, twentyBytesHex, zones } from '../../test/arbitraries.ts';
import { fuzzRuns, survives } from '../../test/mutations.ts';
import type { AnnounceRequest, AnnounceResponse } from './announce.ts';
import { announceOf } from './announce-fixture.ts';
import type { InfoHash, PeerId } from './ids.ts';
import {
  encodeUdpAnnounce,
  encodeUdpAnnounceAnswer,
  encodeUdpConnect,
  encodeUdpConnectAnswer,
  encodeUdpError,
  encodeUdpScrape,
  encodeUdpScrapeAnswer,
  largestUdpScrape,
  parseUdpAnswer,
  parseUdpRequest,
  type UdpRequest,
} from './udp-tracker.ts';
import { parseZone } from './zone.ts';

const transactions = fc.nat(0xffff_ffff);
const connections = fc.uint8Array({ minLength: 8, maxLength: 8 });
const infoHashes = twentyBytesHex.map((hex) => hex as InfoHash);
const count = fc.nat(0xffff_ffff);

const announces: fc.Arbitrary<AnnounceRequest> = fc.record(
  {
    infoHash: infoHashes,
    peerId: twentyBytesHex.map((hex) => hex as PeerId),
    port: fc.nat(65_535),
    uploaded: fc.maxSafeNat(),
    downloaded: fc.maxSafeNat(),
    left: fc.maxSafeNat(),
    event: fc.constantFrom('started', 'stopped', 'completed', undefined),
    numWant: fc.option(fc.nat(0x7fff_ffff), { nil: undefined }),
    zone: fc.option(zones, { nil: undefined }),
  },
  ordinary,
);

const requests: fc.Arbitrary<UdpRequest> = fc.oneof(
  fc.record({ kind: fc.constant('connect' as const), transaction: transactions }, ordinary),
  fc.record(
    {
      kind: fc.constant('announce' as const),
      connection: connections,
      transaction: transactions,
      announce: announces,
    },
    ordinary,
  ),
  fc.record(
    {
      kind: fc.constant('scrape' as const),
      connection: connections,
      transaction: transactions,
      infoHashes: fc.array(infoHashes, { minLength: 1, maxLength: largestUdpScrape }),
    },
    ordinary,
  ),
);

const responses: fc.Arbitrary<AnnounceResponse> = fc.record(
  {
    interval: fc.integer({ min: 1, max: 100_000 }),
    minInterval: fc.constant(undefined),
    complete: count,
    incomplete: count,
    peers: peerAddresses,
  },
  ordinary,
);

const entries = fc.array(
  fc.record({ complete: count, incomplete: count, downloaded: count }, ordinary),
  { minLength: 1, maxLength: 5 },
);

function encode(request: UdpRequest, urlData = ''): Buffer {
  const { transaction } = request;
  if (request.kind === 'connect') return encodeUdpConnect(transaction);
  if (request.kind === 'scrape') {
    return encodeUdpScrape(request.connection, transaction, request.infoHashes);
  }
  const { connection: id, announce: told } = request;
  return encodeUdpAnnounce(id, transaction, told, { key: 7, urlData });
}

/** Any view of bytes as a plain one. */
function plain(request: UdpRequest | undefined): unknown {
  return request !== undefined && 'connection' in request
    ? { ...request, connection: Uint8Array.from(request.connection) }
    : request;
}

const announce = announceOf({
  peerId: 'cd'.repeat(20) as PeerId,
  uploaded: 1,
  downloaded: 2,
  left: 2 ** 32 + 3,
  event: 'started',
});
const connection = Buffer.from('0102030405060708', 'hex');

suite('UDP tracker packets', { timeout: 60_000 }, () => {
  test('a request survives the round trip, whatever the URL', () => {
    const paths = fc.constantFrom('', '/announce', `/announce?key=${'k'.repeat(600)}`);
    fc.assert(
      fc.property(requests, paths, (original, path) => {
        assert.deepEqual(plain(parseUdpRequest(encode(original, path))), original);
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('an answer survives the round trip, with the peers of its family', () => {
    fc.assert(
      fc.property(transactions, responses, (transaction, response) => {
        for (const family of [4, 6] as const) {
          const peers = response.peers.filter((peer) => isIpv4(peer) === (family === 4));
          assert.deepEqual(
            parseUdpAnswer(encodeUdpAnnounceAnswer(transaction, response, family), family),
            { kind: 'announce', transaction, response: { ...response, peers } },
          );
        }
      }),
      { numRuns: fuzzRuns },
    );
    fc.assert(
      fc.property(transactions, connections, entries, fc.string({ unit: 'grapheme' }), (...all) => {
        const [transaction, id, scraped, message] = all;
        assert.deepEqual(parseUdpAnswer(encodeUdpConnectAnswer(transaction, id), 4), {
          kind: 'connect',
          transaction,
          connection: id,
        });
        assert.deepEqual(parseUdpAnswer(encodeUdpScrapeAnswer(transaction, scraped), 6), {
          kind: 'scrape',
          transaction,
          entries: scraped,
        });
        assert.deepEqual(parseUdpAnswer(encodeUdpError(transaction, message), 4), {
          kind: 'error',
          transaction,
          message,
        });
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('packets have the bytes that BEP 15 gives them', () => {
    assert.equal(encodeUdpConnect(5).toString('hex'), '00000417271019800000000000000005');
    assert.equal(
      encodeUdpAnnounce(connection, 0xffff_fffe, announce, { key: 9 }).toString('hex'),
      `010203040506070800000001fffffffe${'ab'.repeat(20)}${'cd'.repeat(20)}` +
        '000000000000000200000001000000030000000000000001' +
        '00000002' + // started
        '00000000' + // the address of the packet
        '00000009' + // key
        'ffffffff' + // as many peers as the tracker likes
        '1ae1',
    );
    const response = {
      interval: 30,
      complete: 2,
      incomplete: 1,
      peers: [
        { host: '10.0.0.1', port: 258 },
        { host: '::1', port: 1 },
      ],
    };
    const head = '00000001000000070000001e0000000100000002';
    assert.equal(encodeUdpAnnounceAnswer(7, response, 4).toString('hex'), `${head}0a0000010102`);
    assert.equal(
      encodeUdpAnnounceAnswer(7, response, 6).toString('hex'),
      `${head}${'00'.repeat(15)}010001`,
    );
  });

  test('the URL of the tracker is told in options of at most 255 bytes, and the zone in its query', () => {
    const zone = parseZone('rack-7');
    const packet = encodeUdpAnnounce(
      connection,
      1,
      { ...announce, zone },
      { key: 0, urlData: '/announce' },
    );
    assert.equal(packet.subarray(98).toString('latin1'), '\x02\x15/announce?zone=rack-7');
    const long = { key: 0, urlData: `/${'x'.repeat(300)}?a=1` };
    const split = encodeUdpAnnounce(connection, 1, { ...announce, zone }, long);
    assert.deepEqual([split[98], split[99], split[355], split[356]], [2, 255, 2, 62]);
    const parsed = parseUdpRequest(split);
    assert.equal(parsed?.kind === 'announce' && parsed.announce.zone, 'rack-7');
  });

  test('options that make no sense are as if absent', () => {
    const plainPacket = encodeUdpAnnounce(connection, 1, announce, { key: 0 });
    const zoneOf = (tail: string): unknown => {
      const parsed = parseUdpRequest(Buffer.concat([plainPacket, Buffer.from(tail, 'latin1')]));
      return parsed?.kind === 'announce' ? parsed.announce.zone : 'refused';
    };
    assert.equal(zoneOf('\x01\x01\x02\x09/a?zone=b'), 'b');
    assert.equal(zoneOf('\x00\x02\x09/a?zone=b'), undefined);
    assert.equal(zoneOf('\x07\x02xx\x02\x09/a?zone=b'), 'b');
    assert.equal(zoneOf('\x02\xff/a?zone=b'), 'b');
    for (const tail of ['\x02', '\x07', '\x02\x09/a?zone=/', '\x02\x07/a?b=%z', '\x02\x02/a']) {
      assert.equal(zoneOf(tail), undefined, JSON.stringify(tail));
    }
  });

  test('what is no request is none', () => {
    const packet = encodeUdpAnnounce(connection, 1, announce, { key: 0 });
    assert.equal(parseUdpRequest(packet.subarray(0, 97)), undefined);
    assert.equal(parseUdpRequest(Buffer.alloc(16)), undefined);
    assert.equal(parseUdpRequest(Buffer.alloc(0)), undefined);
    assert.equal(parseUdpRequest(encodeUdpScrape(connection, 1, [])), undefined);
    const many = Array.from({ length: largestUdpScrape + 1 }, () => announce.infoHash);
    assert.equal(parseUdpRequest(encodeUdpScrape(connection, 1, many)), undefined);
    const unknown = Buffer.from(packet);
    unknown.writeUInt32BE(9, 8);
    assert.equal(parseUdpRequest(unknown), undefined);
    unknown.set(packet);
    unknown.writeUInt32BE(4, 80);
    const parsed = parseUdpRequest(unknown);
    assert.equal(parsed?.kind === 'announce' && parsed.announce.event, undefined);
  });

  test('damaged packets are read or are none, and never throw', () => {
    survives(
      requests.map((request) => encode(request)),
      parseUdpRequest,
      () => false,
    );
    survives(
      responses.map((response) => encodeUdpAnnounceAnswer(1, response, 4)),
      (bytes) => [parseUdpAnswer(bytes, 4), parseUdpAnswer(bytes, 6)],
      () => false,
    );
  });
});
