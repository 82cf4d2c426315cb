import {
  type BencodeDictionary,
  type BencodeValue,
  isBytes,
  isDictionary,
  isList,
  encodeBencode,
  textOf,
} from './bencode.ts';
import { encodeCompactPeers, isPort, parseCompactPeers } from './compact-peers.ts';
import { type InfoHash, type PeerAddress, type PeerId, infoHashOf, peerIdOf } from './ids.ts';
import { canonicalIp } from './ip-address.ts';
import { decodeTrackerAnswer } from './tracker-answer.ts';
import { TrackerError } from './tracker-error.ts';
import { parseTrackerQuery, percentEncodeHex, twentyBytes } from './tracker-query.ts';
import { isZone, type Zone } from './zone.ts';

const endMark = 0x65;

/** What a peer tells a tracker (BEP 3). Where the peer is, is seen from its connection, never from the request. */
export interface AnnounceRequest {
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  /** Where the peer accepts connections; 0 when it accepts none. */
  readonly port: number;
  /** Bytes since `started`. */
  readonly uploaded: number;
  /** Bytes since `started`. */
  readonly downloaded: number;
  /** Bytes that the peer lacks; 0 for a seed. */
  readonly left: number;
  /** Undefined for the regular announces in between. */
  readonly event: 'started' | 'stopped' | 'completed' | undefined;
  /** How many peers are wanted; undefined leaves it to the tracker. */
  readonly numWant: number | undefined;
  /** Docket's own parameter `zone`: peers of it are given first. */
  readonly zone: Zone | undefined;
}

/** What a tracker answers (BEP 3, 7, 23). */
export interface AnnounceResponse {
  /** Seconds until the next regular announce. */
  readonly interval: number;
  /** Seconds that must lie between two announces. */
  readonly minInterval?: number | undefined;
  /** Peers that have everything. */
  readonly complete: number;
  /** Peers that do not. */
  readonly incomplete: number;
  readonly peers: readonly PeerAddress[];
}

/** The query of an announce, without `?`. */
export function encodeAnnounceQuery(request: AnnounceRequest): string {
  const { infoHash, peerId, port, uploaded, downloaded, left, event, numWant, zone } = request;
  return (
    `info_hash=${percentEncodeHex(infoHash)}&peer_id=${percentEncodeHex(peerId)}&port=${port}` +
    `&uploaded=${uploaded}&downloaded=${downloaded}&left=${left}&compact=1` +
    (event === undefined ? '' : `&event=${event}`) +
    (numWant === undefined ? '' : `&numwant=${numWant}`) +
    (zone === undefined ? '' : `&zone=${zone}`)
  );
}

/** Reads the query of an announce, with or without `?`. `ip` is ignored. Throws TrackerError. */
export function parseAnnounceQuery(search: string): AnnounceRequest {
  const parameters = parseTrackerQuery(search);
  const first = (name: string): string | undefined => parameters.get(name)?.[0];
  const port = amount(first('port'), 'port');
  if (port > 65_535) throw new TrackerError('TRACKER_REQUEST_INVALID', 'port is not a port');
  const numWant = first('numwant');
  const zone = first('zone');
  return {
    infoHash: infoHashOf(twentyBytes(first('info_hash'), 'info_hash')),
    peerId: peerIdOf(twentyBytes(first('peer_id'), 'peer_id')),
    port,
    uploaded: amount(first('uploaded') ?? '0', 'uploaded'),
    downloaded: amount(first('downloaded') ?? '0', 'downloaded'),
    left: amount(first('left'), 'left'),
    event: eventOf(first('event')),
    numWant:
      numWant !== undefined && /^\d+$/.test(numWant) ? amount(numWant, 'numwant') : undefined,
    zone: isZone(zone) ? zone : undefined,
  };
}

/** The body of an answer, compact. Written by hand, since a tracker writes thousands of them a second. */
export function encodeAnnounceResponse(response: AnnounceResponse): Buffer<ArrayBuffer> {
  const { complete, incomplete, interval, minInterval } = response;
  const { peers, peers6 } = encodeCompactPeers(response.peers);
  const least = minInterval === undefined ? '' : `12:min intervali${minInterval}e`;
  const head =
    `d8:completei${complete}e10:incompletei${incomplete}e8:intervali${interval}e${least}` +
    `5:peers${peers.length}:`;
  const head6 = peers6.length === 0 ? '' : `6:peers6${peers6.length}:`;
  const length = head.length + peers.length + head6.length + peers6.length + 1;
  const body = Buffer.allocUnsafe(length);
  let at = body.write(head, 0, 'latin1');
  body.set(peers, at);
  at += peers.length;
  at += body.write(head6, at, 'latin1');
  body.set(peers6, at);
  body[length - 1] = endMark;
  return body;
}

/** True for the query of a client that does not want the compact form (BEP 23). */
export function asksForDictionaries(search: string): boolean {
  return search.includes('compact=0') && /(?:^|[?&])compact=0(?:&|$)/.test(search);
}

/** The body of an answer with a dictionary for each peer (BEP 3); without the ids of the peers, which nobody needs. */
export function encodeAnnounceDictionaries(response: AnnounceResponse): Buffer<ArrayBuffer> {
  return encodeBencode({
    complete: response.complete,
    incomplete: response.incomplete,
    interval: response.interval,
    'min interval': response.minInterval,
    peers: response.peers.map(({ host, port }) => ({ ip: host, port })),
  });
}

/** Reads a tracker's answer, compact or not. Throws TrackerError, `TRACKER_REFUSED` for a failure reason. */
export function parseAnnounceResponse(bytes: Uint8Array): AnnounceResponse {
  const answer = decodeTrackerAnswer(bytes);
  const interval = countOf(answer.get('interval'));
  if (interval === undefined) throw invalid('it has no interval');
  return {
    interval: Math.max(1, interval),
    minInterval: countOf(answer.get('min interval')),
    complete: countOf(answer.get('complete')) ?? 0,
    incomplete: countOf(answer.get('incomplete')) ?? 0,
    peers: [...peersOf(answer.get('peers')), ...compact(answer.get('peers6'), 16)],
  };
}

function peersOf(value: BencodeValue | undefined): PeerAddress[] {
  return isList(value) ? value.filter(isDictionary).flatMap(peerOf) : compact(value, 4);
}

/** Peers that are named by a host name are left out: a peer's address is an IP address. */
function peerOf(peer: BencodeDictionary): PeerAddress[] {
  const host = canonicalIp(textOf(peer.get('ip')) ?? '');
  const port = peer.get('port');
  return host === undefined || !isPort(port) ? [] : [{ host, port }];
}

function compact(value: BencodeValue | undefined, addressBytes: 4 | 16): PeerAddress[] {
  if (value === undefined) return [];
  const peers = isBytes(value) ? parseCompactPeers(value, addressBytes) : undefined;
  if (peers === undefined) throw invalid('its peers cannot be read');
  return peers;
}

function countOf(value: BencodeValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

/** Amounts beyond 2^53, which some clients send for "unknown", are as good as 2^53. */
function amount(text: string | undefined, name: string): number {
  if (text === undefined || !/^\d+$/.test(text)) {
    throw new TrackerError('TRACKER_REQUEST_INVALID', `${name} must be a number`);
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

function eventOf(text: string | undefined): AnnounceRequest['event'] {
  return text === 'started' || text === 'stopped' || text === 'completed' ? text : undefined;
}

function invalid(why: string): TrackerError {
  return new TrackerError('TRACKER_ANSWER_INVALID', `the tracker's answer is unusable: ${why}`);
}
