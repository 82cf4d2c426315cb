import {
  type BencodeDictionary,
  type BencodeValue,
  isDictionary,
  isList,
  encodeBencode,
  textOf,
} from './bencode.ts';
import { type CompactRows, compactRows, isPort } from './compact-peers.ts';
import type { InfoHash, PeerAddress, PeerId } from './ids.ts';
import { canonicalIp } from './ip-address.ts';
import { compactPeersIn, countOf, decodeTrackerAnswer, unusableAnswer } from './tracker-answer.ts';
import { TrackerError } from './tracker-error.ts';
import { percentEncodeHex, twentyBytesHex } from './tracker-query.ts';
import { isZone, type Zone } from './zone.ts';

const zero = 0x30;

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
  /** The peers in their compact form, where it is at hand. */
  readonly rows?: CompactRows;
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
  const { info_hash, peer_id, port, uploaded, downloaded, left, event, numwant, zone } =
    readQuery(search);
  const portNumber = amount(port, 'port');
  if (portNumber > 65_535) throw new TrackerError('TRACKER_REQUEST_INVALID', 'port is not a port');
  return {
    infoHash: twentyBytesHex(info_hash, 'info_hash') as InfoHash,
    peerId: twentyBytesHex(peer_id, 'peer_id') as PeerId,
    port: portNumber,
    uploaded: amount(uploaded ?? '0', 'uploaded'),
    downloaded: amount(downloaded ?? '0', 'downloaded'),
    left: amount(left, 'left'),
    event: eventOf(event),
    numWant: numwant === undefined ? undefined : digits(numwant),
    zone: isZone(zone) ? zone : undefined,
  };
}

/** The parameters of an announce as they stand in the query; of several with one name the first. */
type QueryParts = Partial<
  Record<
    | 'info_hash'
    | 'peer_id'
    | 'port'
    | 'uploaded'
    | 'downloaded'
    | 'left'
    | 'event'
    | 'numwant'
    | 'zone',
    string
  >
>;

function readQuery(search: string): QueryParts {
  const parts: QueryParts = {};
  for (let at = search.startsWith('?') ? 1 : 0; at < search.length;) {
    const next = search.indexOf('&', at);
    const end = next === -1 ? search.length : next;
    const equals = search.indexOf('=', at);
    if (equals !== -1 && equals < end) {
      const name = search.slice(at, equals);
      switch (name) {
        case 'info_hash':
        case 'peer_id':
        case 'port':
        case 'uploaded':
        case 'downloaded':
        case 'left':
        case 'event':
        case 'numwant':
        case 'zone':
          parts[name] ??= search.slice(equals + 1, end);
          break;
        default:
      }
    }
    at = end + 1;
  }
  return parts;
}

/** The body of an answer, compact. Put together by hand, since a tracker makes thousands of them a second. */
export function encodeAnnounceResponse(response: AnnounceResponse): Buffer<ArrayBuffer> {
  const { complete, incomplete, interval, minInterval } = response;
  const { peers, peers6 } = response.rows ?? compactRows(response.peers);
  const least = minInterval === undefined ? '' : `12:min intervali${minInterval}e`;
  const row6 = peers6 === '' ? '' : `6:peers6${peers6.length}:${peers6}`;
  const text =
    `d8:completei${complete}e10:incompletei${incomplete}e8:intervali${interval}e${least}` +
    `5:peers${peers.length}:${peers}${row6}e`;
  return Buffer.from(text, 'latin1');
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
  if (interval === undefined) throw unusableAnswer('it has no interval');
  return {
    interval: Math.max(1, interval),
    minInterval: countOf(answer.get('min interval')),
    complete: countOf(answer.get('complete')) ?? 0,
    incomplete: countOf(answer.get('incomplete')) ?? 0,
    peers: [...peersOf(answer.get('peers')), ...compactPeersIn(answer.get('peers6'), 16)],
  };
}

function peersOf(value: BencodeValue | undefined): PeerAddress[] {
  return isList(value) ? value.filter(isDictionary).flatMap(peerOf) : compactPeersIn(value, 4);
}

/** Peers that are named by a host name are left out: a peer's address is an IP address. */
function peerOf(peer: BencodeDictionary): PeerAddress[] {
  const host = canonicalIp(textOf(peer.get('ip')) ?? '');
  const port = peer.get('port');
  return host === undefined || !isPort(port) ? [] : [{ host, port }];
}

/** Amounts beyond 2^53, which some clients send for "unknown", are as good as 2^53. */
function amount(text: string | undefined, name: string): number {
  const number = text === undefined ? undefined : digits(text);
  if (number !== undefined) return number;
  throw new TrackerError('TRACKER_REQUEST_INVALID', `${name} must be a number`);
}

/** A number without sign; undefined for anything else. */
function digits(text: string): number | undefined {
  if (text.length === 0) return undefined;
  let number = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - zero;
    if (digit < 0 || digit > 9) return undefined;
    number = Math.min(10 * number + digit, Number.MAX_SAFE_INTEGER);
  }
  return number;
}

/** The event that a request names; undefined for the others, which mean nothing. */
export function eventOf(text: string | undefined): AnnounceRequest['event'] {
  return text === 'started' || text === 'stopped' || text === 'completed' ? text : undefined;
}
