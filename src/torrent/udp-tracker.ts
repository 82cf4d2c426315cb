import type { AnnounceRequest, AnnounceResponse } from './announce.ts';
import { compactRows, parseCompactPeers } from './compact-peers.ts';
import { type InfoHash, type PeerId, infoHashOf } from './ids.ts';
import type { ScrapeEntry } from './scrape.ts';
import { parseTrackerQuery } from './tracker-query.ts';
import { isZone, type Zone } from './zone.ts';

/** What a tracker is asked in one UDP packet (BEP 15). `transaction`, 32 bits, comes back in the answer. */
export type UdpRequest =
  | { readonly kind: 'connect'; readonly transaction: number }
  | {
      readonly kind: 'announce';
      /** The 8 bytes that the tracker gave: they prove that answers reach the sender. */
      readonly connection: Uint8Array;
      readonly transaction: number;
      readonly announce: AnnounceRequest;
    }
  | {
      readonly kind: 'scrape';
      readonly connection: Uint8Array;
      readonly transaction: number;
      /** At most `largestUdpScrape`. */
      readonly infoHashes: readonly InfoHash[];
    };

/** What a tracker answers in one UDP packet. */
export type UdpAnswer =
  | { readonly kind: 'connect'; readonly transaction: number; readonly connection: Uint8Array }
  | { readonly kind: 'announce'; readonly transaction: number; readonly response: AnnounceResponse }
  | {
      readonly kind: 'scrape';
      readonly transaction: number;
      /** In the order of the request. */
      readonly entries: readonly ScrapeEntry[];
    }
  | { readonly kind: 'error'; readonly transaction: number; readonly message: string };

/** The most torrents of one scrape: what fits into a packet that no network splits. */
export const largestUdpScrape = 74;

/** The first 8 bytes of a connect request, by which a tracker knows the protocol. */
const protocolHigh = 0x417;
const protocolLow = 0x27101980;

const actions = { connect: 0, announce: 1, scrape: 2, error: 3 } as const;
const events = [undefined, 'completed', 'started', 'stopped'] as const;

/** Bytes of the parts of fixed length. */
const headLength = 16;
const announceLength = 98;

/** An announce's peers follow this many bytes. */
const announceAnswerHead = 20;

/** Options behind an announce (BEP 41). */
const options = { end: 0, nothing: 1, urlData: 2 } as const;

export function encodeUdpConnect(transaction: number): Buffer {
  const packet = Buffer.alloc(headLength);
  packet.writeUInt32BE(protocolHigh, 0);
  packet.writeUInt32BE(protocolLow, 4);
  packet.writeUInt32BE(actions.connect, 8);
  packet.writeUInt32BE(transaction, 12);
  return packet;
}

/**
 * An announce. `key` stays the same for one peer over all its addresses. `urlData` is the path and query of the tracker's
 * URL, such as `/announce?key=1`; a zone is told in that query too (BEP 41), so it is left out when it has none.
 */
export function encodeUdpAnnounce(
  connection: Uint8Array,
  transaction: number,
  announce: AnnounceRequest,
  { key, urlData = '' }: { readonly key: number; readonly urlData?: string },
): Buffer {
  const packet = Buffer.alloc(announceLength);
  writeHead(packet, connection, actions.announce, transaction);
  packet.write(announce.infoHash, 16, 'hex');
  packet.write(announce.peerId, 36, 'hex');
  writeAmount(packet, announce.downloaded, 56);
  writeAmount(packet, announce.left, 64);
  writeAmount(packet, announce.uploaded, 72);
  packet.writeUInt32BE(events.indexOf(announce.event), 80);
  packet.writeUInt32BE(key, 88);
  packet.writeInt32BE(Math.min(announce.numWant ?? -1, 0x7fff_ffff), 92);
  packet.writeUInt16BE(announce.port, 96);
  return Buffer.concat([packet, ...urlOptions(withZone(urlData, announce.zone))]);
}

export function encodeUdpScrape(
  connection: Uint8Array,
  transaction: number,
  infoHashes: readonly InfoHash[],
): Buffer {
  const packet = Buffer.alloc(headLength + 20 * infoHashes.length);
  writeHead(packet, connection, actions.scrape, transaction);
  for (const [index, infoHash] of infoHashes.entries()) {
    packet.write(infoHash, headLength + 20 * index, 'hex');
  }
  return packet;
}

/** What a packet asks, or undefined when it is no request. The address and key in an announce are ignored. */
export function parseUdpRequest(bytes: Uint8Array): UdpRequest | undefined {
  if (bytes.length < headLength) return undefined;
  const packet = bufferOver(bytes);
  const connection = packet.subarray(0, 8);
  const transaction = packet.readUInt32BE(12);
  switch (packet.readUInt32BE(8)) {
    case actions.connect:
      return packet.readUInt32BE(0) === protocolHigh && packet.readUInt32BE(4) === protocolLow
        ? { kind: 'connect', transaction }
        : undefined;
    case actions.announce: {
      if (packet.length < announceLength) return undefined;
      return { kind: 'announce', connection, transaction, announce: announceIn(packet) };
    }
    case actions.scrape: {
      const infoHashes = hashesIn(packet);
      return infoHashes && { kind: 'scrape', connection, transaction, infoHashes };
    }
    default:
      return undefined;
  }
}

export function encodeUdpConnectAnswer(transaction: number, connection: Uint8Array): Buffer {
  const packet = Buffer.alloc(headLength);
  packet.writeUInt32BE(actions.connect, 0);
  packet.writeUInt32BE(transaction, 4);
  packet.set(connection, 8);
  return packet;
}

/** The answer to an announce, with the peers of the asker's own family: an IPv4 packet has no room for others. */
export function encodeUdpAnnounceAnswer(
  transaction: number,
  response: AnnounceResponse,
  family: 4 | 6,
): Buffer {
  const { peers, peers6 } = response.rows ?? compactRows(response.peers);
  const row = family === 4 ? peers : peers6;
  const packet = Buffer.allocUnsafe(announceAnswerHead + row.length);
  packet.writeUInt32BE(actions.announce, 0);
  packet.writeUInt32BE(transaction, 4);
  packet.writeUInt32BE(clamp(response.interval), 8);
  packet.writeUInt32BE(clamp(response.incomplete), 12);
  packet.writeUInt32BE(clamp(response.complete), 16);
  packet.write(row, announceAnswerHead, 'latin1');
  return packet;
}

export function encodeUdpScrapeAnswer(
  transaction: number,
  entries: readonly ScrapeEntry[],
): Buffer {
  const packet = Buffer.alloc(8 + 12 * entries.length);
  packet.writeUInt32BE(actions.scrape, 0);
  packet.writeUInt32BE(transaction, 4);
  for (const [index, { complete, downloaded, incomplete }] of entries.entries()) {
    packet.writeUInt32BE(clamp(complete), 8 + 12 * index);
    packet.writeUInt32BE(clamp(downloaded), 12 + 12 * index);
    packet.writeUInt32BE(clamp(incomplete), 16 + 12 * index);
  }
  return packet;
}

export function encodeUdpError(transaction: number, message: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(actions.error, 0);
  head.writeUInt32BE(transaction, 4);
  return Buffer.concat([head, Buffer.from(message)]);
}

/** What a tracker answered, or undefined when it is no answer. `family` is that of the packet: it says how long peers are. */
export function parseUdpAnswer(bytes: Uint8Array, family: 4 | 6): UdpAnswer | undefined {
  if (bytes.length < 8) return undefined;
  const packet = bufferOver(bytes);
  const transaction = packet.readUInt32BE(4);
  switch (packet.readUInt32BE(0)) {
    case actions.connect:
      return packet.length < headLength
        ? undefined
        : { kind: 'connect', transaction, connection: Uint8Array.from(packet.subarray(8, 16)) };
    case actions.announce: {
      if (packet.length < announceAnswerHead) return undefined;
      const peers = parseCompactPeers(packet.subarray(announceAnswerHead), family === 4 ? 4 : 16);
      if (peers === undefined) return undefined;
      const response = {
        interval: Math.max(1, packet.readUInt32BE(8)),
        minInterval: undefined,
        complete: packet.readUInt32BE(16),
        incomplete: packet.readUInt32BE(12),
        peers,
      };
      return { kind: 'announce', transaction, response };
    }
    case actions.scrape:
      return { kind: 'scrape', transaction, entries: entriesIn(packet) };
    case actions.error:
      return { kind: 'error', transaction, message: packet.toString('utf8', 8) };
    default:
      return undefined;
  }
}

function announceIn(packet: Buffer): AnnounceRequest {
  const wanted = packet.readInt32BE(92);
  return {
    infoHash: packet.toString('hex', 16, 36) as InfoHash,
    peerId: packet.toString('hex', 36, 56) as PeerId,
    downloaded: amountIn(packet, 56),
    left: amountIn(packet, 64),
    uploaded: amountIn(packet, 72),
    event: events[packet.readUInt32BE(80)],
    numWant: wanted < 0 ? undefined : wanted,
    port: packet.readUInt16BE(96),
    zone: packet.length > announceLength ? zoneIn(packet) : undefined,
  };
}

/** The zone in the URL data behind an announce. What cannot be read is as if absent. */
function zoneIn(packet: Buffer): Zone | undefined {
  const url = urlDataIn(packet);
  const mark = url.indexOf('?');
  if (mark === -1) return undefined;
  try {
    const zone = parseTrackerQuery(url.slice(mark)).get('zone')?.[0];
    return isZone(zone) ? zone : undefined;
  } catch {
    return undefined;
  }
}

/** The path and query of the tracker's URL: one option carries at most 255 bytes, so there may be several. */
function urlDataIn(packet: Buffer): string {
  let url = '';
  let at = announceLength;
  while (at < packet.length && packet[at] !== options.end) {
    const option = packet[at++];
    if (option === options.nothing) continue;
    const length = packet[at++] ?? 0;
    if (option === options.urlData) url += packet.toString('latin1', at, at + length);
    at += length;
  }
  return url;
}

function* urlOptions(url: string): Iterable<Buffer> {
  const bytes = Buffer.from(url);
  for (let at = 0; at < bytes.length; at += 255) {
    const part = bytes.subarray(at, at + 255);
    yield Buffer.concat([Buffer.of(options.urlData, part.length), part]);
  }
}

function withZone(url: string, zone: Zone | undefined): string {
  return zone === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}zone=${zone}`;
}

function hashesIn(packet: Buffer): InfoHash[] | undefined {
  const count = (packet.length - headLength) / 20;
  if (!Number.isInteger(count) || count < 1 || count > largestUdpScrape) return undefined;
  return Array.from({ length: count }, (_, index) =>
    infoHashOf(packet.subarray(headLength + 20 * index, headLength + 20 * (index + 1))),
  );
}

function entriesIn(packet: Buffer): ScrapeEntry[] {
  return Array.from({ length: Math.floor((packet.length - 8) / 12) }, (_, index) => ({
    complete: packet.readUInt32BE(8 + 12 * index),
    downloaded: packet.readUInt32BE(12 + 12 * index),
    incomplete: packet.readUInt32BE(16 + 12 * index),
  }));
}

function writeHead(
  packet: Buffer,
  connection: Uint8Array,
  action: number,
  transaction: number,
): void {
  packet.set(connection.subarray(0, 8), 0);
  packet.writeUInt32BE(action, 8);
  packet.writeUInt32BE(transaction, 12);
}

function writeAmount(packet: Buffer, amount: number, at: number): void {
  packet.writeUInt32BE(Math.floor(amount / 2 ** 32), at);
  packet.writeUInt32BE(amount % 2 ** 32, at + 4);
}

/** Amounts beyond 2^53, which some clients send for "unknown", are as good as 2^53. */
function amountIn(packet: Buffer, at: number): number {
  const amount = packet.readUInt32BE(at) * 2 ** 32 + packet.readUInt32BE(at + 4);
  return Math.min(amount, Number.MAX_SAFE_INTEGER);
}

function clamp(count: number): number {
  return Math.min(count, 0xffff_ffff);
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
