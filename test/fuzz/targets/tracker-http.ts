import assert from 'node:assert/strict';
import {
  encodeAnnounceBatch,
  encodeAnnounceBatchResponse,
  parseAnnounceBatch,
  parseAnnounceBatchResponse,
} from '../../../src/torrent/announce-batch.ts';
import {
  asksForDictionaries,
  encodeAnnounceDictionaries,
  encodeAnnounceQuery,
  encodeAnnounceResponse,
  parseAnnounceQuery,
  parseAnnounceResponse,
} from '../../../src/torrent/announce.ts';
import { announceOf } from '../../../src/torrent/announce-fixture.ts';
import type { InfoHash, PeerId } from '../../../src/torrent/ids.ts';
import {
  encodeScrapeQuery,
  encodeScrapeResponse,
  parseScrapeQuery,
  parseScrapeResponse,
} from '../../../src/torrent/scrape.ts';
import { encodeTrackerFailure } from '../../../src/torrent/tracker-answer.ts';
import { TrackerError } from '../../../src/torrent/tracker-error.ts';
import { parseZone } from '../../../src/torrent/zone.ts';
import { read } from '../read.ts';
import type { FuzzTarget } from '../target.ts';

const infoHash = 'ab%20'.repeat(8).slice(0, 40).replaceAll('%', '0') as InfoHash;
const peerId = '2d444b303130302d'.padEnd(40, '7') as PeerId;
const announce = announceOf({
  infoHash,
  peerId,
  downloaded: 5,
  event: 'started',
  numWant: 50,
  zone: parseZone('zh-1'),
});
const response = {
  interval: 60,
  minInterval: 5,
  complete: 3,
  incomplete: 4,
  peers: [
    { host: '10.0.0.1', port: 6881 },
    { host: 'fd00::1', port: 1 },
  ],
};

const latin1 = (input: Uint8Array): string => Buffer.from(input).toString('latin1');

export const announceQueryTarget: FuzzTarget = {
  name: 'announce-query',
  seeds: [
    Buffer.from(encodeAnnounceQuery(announce)),
    Buffer.from(
      'info_hash=%124Vx%9a%bc%de%f1%23Eg%89%ab%cd%ef%124Vx%9a&peer_id=-TR2940-k8hj0wgej6ch' +
        '&port=51413&uploaded=0&downloaded=0&left=0&numwant=80&key=4b2a&compact=1&supportcrypto=1&event=stopped',
    ),
  ],
  run(input) {
    const query = latin1(input);
    asksForDictionaries(query);
    const request = read(TrackerError, () => parseAnnounceQuery(query));
    if (request !== undefined)
      assert.deepEqual(parseAnnounceQuery(encodeAnnounceQuery(request)), request);
  },
};

export const announceAnswerTarget: FuzzTarget = {
  name: 'announce-answer',
  seeds: [
    encodeAnnounceResponse(response),
    encodeAnnounceDictionaries(response),
    encodeTrackerFailure('Requested download is not authorized'),
  ],
  run(input) {
    const answer = read(TrackerError, () => parseAnnounceResponse(input));
    if (answer === undefined) return;
    assert.ok(answer.interval >= 0);
    for (const { port } of answer.peers) assert.ok(port > 0 && port < 65_536);
  },
};

export const scrapeTarget: FuzzTarget = {
  name: 'scrape',
  seeds: [
    Buffer.from(encodeScrapeQuery([infoHash, infoHash])),
    encodeScrapeResponse(new Map([[infoHash, { complete: 1, incomplete: 2, downloaded: 3 }]])),
  ],
  run(input) {
    const asked = read(TrackerError, () => parseScrapeQuery(latin1(input)));
    if (asked !== undefined) assert.deepEqual(parseScrapeQuery(encodeScrapeQuery(asked)), asked);
    const answer = read(TrackerError, () => parseScrapeResponse(input));
    if (answer !== undefined)
      assert.deepEqual(parseScrapeResponse(encodeScrapeResponse(answer)), answer);
  },
};

export const announceBatchTarget: FuzzTarget = {
  name: 'announce-batch',
  seeds: [
    encodeAnnounceBatch({
      peerId,
      port: 6881,
      zone: announce.zone,
      torrents: [announce, announce],
    }),
  ],
  run(input) {
    const batch = read(TrackerError, () => parseAnnounceBatch(input));
    if (batch !== undefined)
      assert.deepEqual(parseAnnounceBatch(encodeAnnounceBatch(batch)), batch);
  },
};

export const batchAnswerTarget: FuzzTarget = {
  name: 'batch-answer',
  seeds: [
    encodeAnnounceBatchResponse({
      interval: 60,
      minInterval: 5,
      torrents: [response, { failure: 'no such torrent' }],
    }),
  ],
  run(input) {
    for (const count of [1, 2]) {
      const answer = read(TrackerError, () => parseAnnounceBatchResponse(input, count));
      if (answer !== undefined) assert.equal(answer.torrents.length, count);
    }
  },
};
