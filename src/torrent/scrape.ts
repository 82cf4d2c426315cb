import { encodeBencode, isDictionary } from './bencode.ts';
import { type InfoHash, infoHashOf } from './ids.ts';
import { countOf, decodeTrackerAnswer, unusableAnswer } from './tracker-answer.ts';
import { infoHashesOf, parseTrackerQuery, percentEncodeHex } from './tracker-query.ts';

/** A swarm's figures (BEP 48). */
export interface ScrapeEntry {
  /** Peers that have everything. */
  readonly complete: number;
  /** Peers that do not. */
  readonly incomplete: number;
  /** How many peers have become complete. */
  readonly downloaded: number;
}

/** The query of a scrape, without `?`. */
export function encodeScrapeQuery(infoHashes: readonly InfoHash[]): string {
  return infoHashes.map((infoHash) => `info_hash=${percentEncodeHex(infoHash)}`).join('&');
}

/** The info hashes that are asked for, with or without `?`. Throws TrackerError. */
export function parseScrapeQuery(search: string): InfoHash[] {
  return infoHashesOf(parseTrackerQuery(search));
}

/** The body of an answer. */
export function encodeScrapeResponse(
  entries: ReadonlyMap<InfoHash, ScrapeEntry>,
): Buffer<ArrayBuffer> {
  const files = [...entries].map(
    ([infoHash, { complete, downloaded, incomplete }]) =>
      [
        Buffer.from(infoHash, 'hex').toString('latin1'),
        { complete, downloaded, incomplete },
      ] as const,
  );
  return encodeBencode({ files: new Map(files) });
}

/** Reads a tracker's answer. Throws TrackerError, `TRACKER_REFUSED` for a failure reason. */
export function parseScrapeResponse(bytes: Uint8Array): Map<InfoHash, ScrapeEntry> {
  const files = decodeTrackerAnswer(bytes).get('files');
  if (!isDictionary(files)) throw unusableAnswer('it has no files');
  const entries = new Map<InfoHash, ScrapeEntry>();
  for (const [key, file] of files) {
    if (key.length !== 20 || !isDictionary(file)) continue;
    entries.set(infoHashOf(Buffer.from(key, 'latin1')), {
      complete: countOf(file.get('complete')) ?? 0,
      incomplete: countOf(file.get('incomplete')) ?? 0,
      downloaded: countOf(file.get('downloaded')) ?? 0,
    });
  }
  return entries;
}
