import { hash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestFileName, digestHex, sha256Of, type Digest } from '../../src/oci/digest.ts';
import { parseRepository } from '../../src/oci/reference.ts';
import { DiskBlobStore } from '../../src/storage/disk-blob-store.ts';
import { createMetainfo, encodeMetainfo, type Metainfo } from '../../src/torrent/metainfo.ts';
import { pieceLengthFor } from '../../src/torrent/piece-length.ts';
import { openHastily } from '../hasty-catalog.ts';

/** A small blob, with its torrent. */
export interface SmallBlob {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly metainfo: Metainfo;
}

/** A blob of one piece, unlike all others. */
export function smallBlob(size: number): SmallBlob {
  const bytes = randomBytes(size);
  const digest = sha256Of(bytes);
  const metainfo = createMetainfo({
    name: digestFileName(digest),
    length: size,
    pieceLength: Math.max(size, pieceLengthFor(size)),
    sha1: hash('sha1', bytes, 'buffer'),
    sha256: hash('sha256', bytes, 'buffer'),
  });
  return { bytes, digest, metainfo };
}

/** Fills a registry's folder with blobs, by its own code but without waiting for the disk. */
export async function fillRegistry(location: string, blobs: readonly SmallBlob[]): Promise<void> {
  await mkdir(location, { recursive: true });
  await using store = await DiskBlobStore.open(location);
  await using catalog = await openHastily(join(location, 'catalog.db'));
  const repository = parseRepository('bench/idle');
  for (const { bytes, digest, metainfo } of blobs) {
    const path = store.pathOf(digest);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    await catalog.blobs.link(repository, { digest, size: bytes.length });
    await catalog.torrents.put({
      digest,
      infoHash: metainfo.infoHash,
      metainfo: encodeMetainfo(metainfo, { trackers: [], webSeeds: [] }),
    });
  }
}

/** Fills an agent's folder with blobs that came from the registry with that tracker. */
export async function fillAgent(
  location: string,
  blobs: readonly SmallBlob[],
  tracker: string,
): Promise<void> {
  const blobFolder = join(location, 'blobs', 'sha256');
  const torrentFolder = join(location, 'torrents');
  await mkdir(blobFolder, { recursive: true });
  await mkdir(torrentFolder, { recursive: true });
  for (const { bytes, digest, metainfo } of blobs) {
    await writeFile(join(blobFolder, digestHex(digest)), bytes);
    const torrent = encodeMetainfo(metainfo, { trackers: [[tracker]] });
    await writeFile(join(torrentFolder, `${metainfo.infoHash}.torrent`), torrent);
    await writeFile(join(torrentFolder, digestFileName(digest)), metainfo.infoHash);
  }
}
