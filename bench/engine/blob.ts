import { createReadStream } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDigest } from '../../src/oci/digest.ts';
import { makeMetainfo } from '../../src/registry/make-metainfo.ts';
import { encodeMetainfo, type Metainfo } from '../../src/torrent/metainfo.ts';
import type { TrackerTiers } from '../../src/torrent/tracker-tiers.ts';
import { digestOfFile, writeRandomFile } from '../../test/lab/random-file.ts';

/** What is sent from one peer to the other. */
export interface BenchBlob {
  /** Its file, which has the torrent's name, in a folder of its own. */
  readonly path: string;
  readonly folder: string;
  readonly metainfo: Metainfo;
  readonly digest: string;
}

/** Makes a blob that nothing can compress, and describes it as the registry does. Its bytes are then in the page cache. */
export async function makeBlob(folder: string, length: number): Promise<BenchBlob> {
  const unnamed = join(folder, 'blob');
  const { digest } = await writeRandomFile(unnamed, length);
  const blob = {
    size: length,
    read: (start: number, end: number) => createReadStream(unnamed, { start, end: end - 1 }),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const never = new AbortController().signal;
  const metainfo = await makeMetainfo(blob, parseDigest(digest), never);
  const path = join(folder, metainfo.name);
  await rename(unnamed, path);
  return { path, folder, metainfo, digest };
}

/** Writes the blob's `.torrent`. */
export async function writeTorrent(
  blob: BenchBlob,
  path: string,
  trackers: TrackerTiers = [],
): Promise<string> {
  await writeFile(path, encodeMetainfo(blob.metainfo, { trackers, webSeeds: [] }));
  return path;
}

/** Throws when the file at `path` is not the blob. */
export async function compare(blob: BenchBlob, path: string): Promise<void> {
  const digest = await digestOfFile(path);
  if (digest !== blob.digest) throw new Error(`${path} has the digest ${digest}`);
}
