import { type AnnounceRequest, type AnnounceResponse, eventOf } from './announce.ts';
import {
  type BencodeDictionary,
  type BencodeValue,
  decodeBencode,
  encodeBencode,
  isBytes,
  isDictionary,
  isList,
  textOf,
} from './bencode.ts';
import { compactRows, isPort } from './compact-peers.ts';
import { type PeerId, infoHashOf, peerIdOf } from './ids.ts';
import { compactPeersIn, countOf, decodeTrackerAnswer, unusableAnswer } from './tracker-answer.ts';
import { TrackerError } from './tracker-error.ts';
import { isZone, type Zone } from './zone.ts';

/** The content type of a batch and of its answer. */
export const batchContentType = 'application/vnd.docket.announce';
/** The most torrents of one batch. */
export const largestBatch = 1000;
/** The most bytes of a batch: `largestBatch` torrents with room to spare. */
export const largestBatchBody = 256 * 1024;
/** The most bytes of its answer. */
export const largestBatchAnswer = 2 * 1024 * 1024;

/** One torrent of a batch: as in a single announce. */
export type BatchedTorrent = Pick<
  AnnounceRequest,
  'infoHash' | 'uploaded' | 'downloaded' | 'left' | 'event' | 'numWant'
>;

/** The announces of one peer for many torrents in one request: what Docket's own parts send instead of BEP 3's single ones. */
export interface AnnounceBatch {
  readonly peerId: PeerId;
  /** Where the peer accepts connections; 0 when it accepts none. */
  readonly port: number;
  readonly zone: Zone | undefined;
  readonly torrents: readonly BatchedTorrent[];
}

/** What one torrent of a batch is answered with: as a single announce, or why not. */
export type BatchedAnswer =
  | Omit<AnnounceResponse, 'minInterval'>
  | {
      /** The tracker says no to this torrent. */
      readonly failure: string;
    };

/** The answer to a batch. */
export interface AnnounceBatchResponse {
  /** Seconds until the next regular announce, for torrents that have none of their own. */
  readonly interval: number;
  /** Seconds that must lie between two announces. */
  readonly minInterval: number | undefined;
  /** In the order of the request. */
  readonly torrents: readonly BatchedAnswer[];
}

/** The body of a batch. */
export function encodeAnnounceBatch(batch: AnnounceBatch): Buffer<ArrayBuffer> {
  return encodeBencode({
    peer_id: Buffer.from(batch.peerId, 'hex'),
    port: batch.port,
    torrents: batch.torrents.map((torrent) => ({
      downloaded: torrent.downloaded,
      event: torrent.event,
      info_hash: Buffer.from(torrent.infoHash, 'hex'),
      left: torrent.left,
      numwant: torrent.numWant,
      uploaded: torrent.uploaded,
    })),
    zone: batch.zone,
  });
}

/** Reads a batch. A zone that is none is ignored. Throws TrackerError TRACKER_REQUEST_INVALID. */
export function parseAnnounceBatch(bytes: Uint8Array): AnnounceBatch {
  const batch = decodeRequest(bytes);
  const port = batch.get('port');
  const torrents = batch.get('torrents');
  const zone = textOf(batch.get('zone'));
  if (port !== 0 && !isPort(port)) throw refusal('port is not a port');
  if (!isList(torrents) || torrents.length === 0) throw refusal('torrents must be a list');
  if (torrents.length > largestBatch) {
    throw refusal(`at most ${largestBatch} torrents can be announced at once`);
  }
  return {
    peerId: peerIdOf(twentyBytes(batch.get('peer_id'), 'peer_id')),
    port,
    zone: isZone(zone) ? zone : undefined,
    torrents: torrents.map(torrentOf),
  };
}

/** The body of the answer to a batch. */
export function encodeAnnounceBatchResponse(response: AnnounceBatchResponse): Buffer<ArrayBuffer> {
  return encodeBencode({
    interval: response.interval,
    'min interval': response.minInterval,
    torrents: response.torrents.map((answer) => {
      if ('failure' in answer) return { 'failure reason': answer.failure };
      const { peers, peers6 } = answer.rows ?? compactRows(answer.peers);
      return {
        complete: answer.complete,
        incomplete: answer.incomplete,
        interval: answer.interval === response.interval ? undefined : answer.interval,
        peers: Buffer.from(peers, 'latin1'),
        peers6: peers6 === '' ? undefined : Buffer.from(peers6, 'latin1'),
      };
    }),
  });
}

/**
 * Reads the answer to a batch of `count` torrents. Throws TrackerError, `TRACKER_REFUSED` when the whole batch is refused,
 * `TRACKER_ANSWER_INVALID` for anything that is no answer to such a batch: then the tracker knows no batches.
 */
export function parseAnnounceBatchResponse(
  bytes: Uint8Array,
  count: number,
): AnnounceBatchResponse {
  const answer = decodeTrackerAnswer(bytes, largestBatchAnswer);
  const interval = countOf(answer.get('interval'));
  const torrents = answer.get('torrents');
  if (interval === undefined || !isList(torrents) || torrents.length !== count) {
    throw unusableAnswer('it does not answer each torrent of the batch');
  }
  const common = Math.max(1, interval);
  return {
    interval: common,
    minInterval: countOf(answer.get('min interval')),
    torrents: torrents.map((torrent) => answerOf(torrent, common)),
  };
}

function decodeRequest(bytes: Uint8Array): BencodeDictionary {
  try {
    const batch = decodeBencode(bytes, { bytes: largestBatchBody, depth: 4 });
    if (isDictionary(batch)) return batch;
  } catch (cause) {
    throw new TrackerError('TRACKER_REQUEST_INVALID', 'the batch cannot be read', { cause });
  }
  throw refusal('a batch is a dictionary');
}

function torrentOf(torrent: BencodeValue): BatchedTorrent {
  if (!isDictionary(torrent)) throw refusal('each torrent is a dictionary');
  const amount = (name: string): number => {
    const value = countOf(torrent.get(name));
    if (value === undefined) throw refusal(`${name} must be a number`);
    return value;
  };
  return {
    infoHash: infoHashOf(twentyBytes(torrent.get('info_hash'), 'info_hash')),
    uploaded: amount('uploaded'),
    downloaded: amount('downloaded'),
    left: amount('left'),
    event: eventOf(textOf(torrent.get('event'))),
    numWant: countOf(torrent.get('numwant')),
  };
}

function answerOf(torrent: BencodeValue, common: number): BatchedAnswer {
  if (!isDictionary(torrent)) throw unusableAnswer('it has a torrent that is none');
  const failure = textOf(torrent.get('failure reason'));
  if (failure !== undefined) return { failure };
  return {
    interval: Math.max(1, countOf(torrent.get('interval')) ?? common),
    complete: countOf(torrent.get('complete')) ?? 0,
    incomplete: countOf(torrent.get('incomplete')) ?? 0,
    peers: [
      ...compactPeersIn(torrent.get('peers'), 4),
      ...compactPeersIn(torrent.get('peers6'), 16),
    ],
  };
}

function twentyBytes(value: BencodeValue | undefined, name: string): Uint8Array {
  if (isBytes(value) && value.length === 20) return value;
  throw refusal(`${name} must have 20 bytes`);
}

function refusal(why: string): TrackerError {
  return new TrackerError('TRACKER_REQUEST_INVALID', why);
}
