import type { Clock } from '../base/clock.ts';
import { isDigest } from '../oci/digest.ts';
import type { BlobStore, OpenBlob } from '../storage/blob-store.ts';
import type { Disk, PieceStore } from '../swarm/disk.ts';
import { fileDisk } from '../swarm/piece-file.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

/** The disk of the registry's swarm: whole blobs that are named by their digests are read from the store, all else from files. */
export function storeDisk(store: BlobStore, clock: Clock): Disk {
  const files = fileDisk(clock);
  return {
    ...files,
    async openWhole(path, metainfo) {
      if (!isDigest(path)) return await files.openWhole(path, metainfo);
      const blob = await store.open(path);
      if (blob === undefined) throw new Error(`the blob ${path} is not there`);
      return new StoredPieces(blob, metainfo);
    },
  };
}

class StoredPieces implements PieceStore {
  readonly #blob: OpenBlob;
  readonly #metainfo: Metainfo;

  constructor(blob: OpenBlob, metainfo: Metainfo) {
    this.#blob = blob;
    this.#metainfo = metainfo;
  }

  async write(): Promise<void> {
    throw new Error('a stored blob is not written');
  }

  async read(piece: number, begin: number, parts: readonly Uint8Array[]): Promise<void> {
    let at = piece * this.#metainfo.pieceLength + begin;
    for (const part of parts) {
      await this.#blob.readInto(part, at);
      at += part.length;
    }
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {
    await this.#blob.close();
  }
}
