import { createHash } from 'node:crypto';
import { DocketError, messageOf } from '../base/errors.ts';
import {
  type BencodeDictionary,
  type BencodeValue,
  Encoded,
  decodeBencodeDictionary,
  encodeBencode,
  isBytes,
  isDictionary,
  isList,
  textOf,
} from './bencode.ts';
import { type InfoHash, infoHashOf } from './ids.ts';
import { trackerTiers, type TrackerTiers } from './tracker-tiers.ts';

/** What a `.torrent` says of one blob: a single-file BEP 3 torrent, with SHA-256 piece hashes beside `info`. */
export interface Metainfo {
  readonly infoHash: InfoHash;
  /** `info.name`: the blob's digest with `-` for `:`. Never used as a path. */
  readonly name: string;
  /** Bytes of the blob; at least 1. */
  readonly length: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** `info.pieces`: 20 bytes a piece. */
  readonly sha1: Uint8Array;
  /** 32 bytes a piece, when the file carries them: Docket peers verify by these. */
  readonly sha256: Uint8Array | undefined;
  /** `announce-list`, or else `announce` alone (BEP 12). */
  readonly trackers: TrackerTiers;
  /** `url-list` (BEP 19). */
  readonly webSeeds: readonly string[];
  /** The bytes of the info dictionary as they stood in the file; never encoded again. */
  readonly info: Uint8Array;
}

/**
 * `METAINFO_INVALID`: not a `.torrent`. `METAINFO_UNSUPPORTED`: a `.torrent` that does not describe one file in v1 form.
 */
export class MetainfoError extends DocketError {
  declare readonly code: 'METAINFO_INVALID' | 'METAINFO_UNSUPPORTED';
}

/** The most bytes of a `.torrent` that are read. */
export const largestMetainfo = 10 * 1024 * 1024;
/** Trackers, and web seeds, of one torrent that are kept, and their longest URL: a foreign torrent must not make us call on thousands. */
const mostUrls = 64;
const longestUrl = 2_048;
const largestPiece = 64 * 1024 * 1024;
const sha1Bytes = 20;
const sha256Bytes = 32;

/** Reads a `.torrent` of any maker that describes one file (BEP 3, 12, 19). Throws MetainfoError. */
export function parseMetainfo(bytes: Uint8Array): Metainfo {
  const { values, raw } = decode(bytes);
  const info = values.get('info');
  const infoBytes = raw.get('info');
  if (!isDictionary(info) || infoBytes === undefined) throw invalid('it has no info dictionary');
  if (info.has('files')) {
    throw unsupported('it describes several files; only single-file torrents are supported');
  }
  if (!info.has('pieces') && info.has('meta version')) {
    throw unsupported('it is a BitTorrent v2 torrent without v1 piece hashes');
  }
  const name = textOf(info.get('name'));
  if (name === undefined) throw invalid('it has no name');
  const sha1 = info.get('pieces');
  if (!isBytes(sha1)) throw invalid('it has no piece hashes');
  const docket = values.get('docket');
  const sha256 = isDictionary(docket) ? docket.get('piece sha256') : undefined;
  if (sha256 !== undefined && !isBytes(sha256)) throw invalid('its SHA-256 hashes are not bytes');
  return {
    ...checkedShape(info.get('length'), info.get('piece length'), sha1, sha256),
    infoHash: hashOf(infoBytes),
    name,
    trackers: trackersOf(values),
    webSeeds: webSeedsOf(values.get('url-list')),
    info: infoBytes,
  };
}

/** Describes a blob from its hashes, `sha1` of 20 and `sha256` of 32 bytes a piece. Throws MetainfoError when they do not fit. */
export function createMetainfo(blob: {
  readonly name: string;
  readonly length: number;
  readonly pieceLength: number;
  readonly sha1: Uint8Array;
  readonly sha256?: Uint8Array | undefined;
}): Metainfo {
  const shape = checkedShape(blob.length, blob.pieceLength, blob.sha1, blob.sha256);
  const info = encodeBencode({
    length: blob.length,
    name: blob.name,
    'piece length': blob.pieceLength,
    pieces: blob.sha1,
  });
  return { ...shape, infoHash: hashOf(info), name: blob.name, trackers: [], webSeeds: [], info };
}

/** Writes the `.torrent`: `info` as it stood, with the given trackers and web seeds. */
export function encodeMetainfo(
  metainfo: Metainfo,
  sources: { readonly trackers?: TrackerTiers; readonly webSeeds?: readonly string[] } = {},
): Buffer<ArrayBuffer> {
  const trackers = sources.trackers ?? metainfo.trackers;
  const webSeeds = sources.webSeeds ?? metainfo.webSeeds;
  return encodeBencode({
    announce: trackers[0]?.[0],
    'announce-list': trackers.flat().length > 1 ? trackers : undefined,
    docket: metainfo.sha256 && { 'piece sha256': metainfo.sha256 },
    info: new Encoded(metainfo.info),
    'url-list': webSeeds.length > 0 ? webSeeds : undefined,
  });
}

function decode(bytes: Uint8Array): ReturnType<typeof decodeBencodeDictionary> {
  try {
    return decodeBencodeDictionary(bytes, { bytes: largestMetainfo });
  } catch (cause) {
    throw new MetainfoError('METAINFO_INVALID', `not a torrent file: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function checkedShape(
  length: BencodeValue | undefined,
  pieceLength: BencodeValue | undefined,
  sha1: Uint8Array,
  sha256: Uint8Array | undefined,
): Pick<Metainfo, 'length' | 'pieceLength' | 'pieceCount' | 'sha1' | 'sha256'> {
  if (typeof length !== 'number' || length < 1 || !Number.isSafeInteger(length)) {
    throw invalid('its length is not a number of bytes, at least 1');
  }
  if (typeof pieceLength !== 'number' || pieceLength < 1 || !Number.isSafeInteger(pieceLength)) {
    throw invalid('its piece length is not a number of bytes, at least 1');
  }
  if (pieceLength > largestPiece) {
    throw unsupported(
      `its pieces have ${pieceLength} bytes, at most ${largestPiece} are supported`,
    );
  }
  const pieceCount = Math.ceil(length / pieceLength);
  if (sha1.length !== pieceCount * sha1Bytes) {
    throw invalid(`${pieceCount} pieces, but ${sha1.length} bytes of piece hashes`);
  }
  if (sha256 !== undefined && sha256.length !== pieceCount * sha256Bytes) {
    throw invalid(`${pieceCount} pieces, but ${sha256.length} bytes of SHA-256 piece hashes`);
  }
  return { length, pieceLength, pieceCount, sha1, sha256 };
}

/** Wrong or empty optional parts are passed over: torrents of other makers have them. */
function trackersOf(values: BencodeDictionary): TrackerTiers {
  const list = values.get('announce-list');
  const tiers = isList(list)
    ? trackerTiers(list.slice(0, mostUrls).map((tier) => (isList(tier) ? texts(tier) : [])))
    : [];
  if (tiers.flat().length > mostUrls) return trackerTiers([tiers.flat().slice(0, mostUrls)]);
  return tiers.length > 0 ? tiers : trackerTiers([texts([values.get('announce')])]);
}

function webSeedsOf(value: BencodeValue | undefined): string[] {
  return texts(isList(value) ? value : [value]);
}

function texts(values: readonly (BencodeValue | undefined)[]): string[] {
  const urls = values.slice(0, mostUrls).map((value) => textOf(value) ?? '');
  return [...new Set(urls)].filter((url) => url !== '' && url.length <= longestUrl);
}

function hashOf(info: Uint8Array): InfoHash {
  return infoHashOf(createHash('sha1').update(info).digest());
}

function invalid(why: string): MetainfoError {
  return new MetainfoError('METAINFO_INVALID', `not a usable torrent: ${why}`);
}

function unsupported(why: string): MetainfoError {
  return new MetainfoError('METAINFO_UNSUPPORTED', `this torrent cannot be used: ${why}`);
}
