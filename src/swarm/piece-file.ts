import { open, type FileHandle } from 'node:fs/promises';
import { writeAll } from '../base/write-all.ts';
import { Bitfield } from '../torrent/bitfield.ts';
import { pieceSize, type Block } from '../torrent/geometry.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { isPiece } from '../torrent/verify-piece.ts';
import type { BlockCache } from './block-cache.ts';
import type { Disk, PieceStore } from './disk.ts';

/** Bytes that one read from disk brings: what peers ask for next is then at hand. */
const span = 256 * 1024;

/** One blob's pieces in a file. */
export class PieceFile implements PieceStore {
  readonly #metainfo: Metainfo;
  readonly #file: FileHandle;
  readonly #cache: BlockCache;
  #writing = 0;

  private constructor(metainfo: Metainfo, file: FileHandle, cache: BlockCache) {
    this.#metainfo = metainfo;
    this.#file = file;
    this.#cache = cache;
  }

  static async openWhole(path: string, metainfo: Metainfo, cache: BlockCache): Promise<PieceFile> {
    return new PieceFile(metainfo, await open(path, 'r'), cache);
  }

  static async openPartial(
    path: string,
    metainfo: Metainfo,
    cache: BlockCache,
    signal: AbortSignal,
  ): Promise<{ readonly store: PieceFile; readonly had: Bitfield }> {
    const handle = await open(path, 'a').then(async (touched) => {
      await touched.close();
      return open(path, 'r+');
    });
    const file = new PieceFile(metainfo, handle, cache);
    try {
      const { size } = await handle.stat();
      const had =
        size === 0 ? new Bitfield(metainfo.pieceCount) : await file.#verifyAll(size, signal);
      if (size !== metainfo.length) await handle.truncate(metainfo.length);
      return { store: file, had };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get writing(): number {
    return this.#writing;
  }

  async write(piece: number, bytes: Uint8Array): Promise<void> {
    this.#writing += bytes.length;
    try {
      await writeAll(this.#file, bytes, piece * this.#metainfo.pieceLength);
    } finally {
      this.#writing -= bytes.length;
    }
    for (let begin = 0; begin < bytes.length; begin += span) {
      this.#cache.put(this.#key(piece, begin), bytes.subarray(begin, begin + span));
    }
  }

  read(block: Block): Uint8Array | Promise<Uint8Array> {
    const start = block.begin - (block.begin % span);
    const cached = this.#cache.get(this.#key(block.piece, start));
    const end = block.begin + block.length;
    if (cached !== undefined && end - start <= cached.length)
      return cached.subarray(block.begin - start, end - start);
    return this.#load(block, start);
  }

  async sync(): Promise<void> {
    await this.#file.sync();
  }

  async close(): Promise<void> {
    this.#cache.drop(this.#metainfo.infoHash);
    await this.#file.close();
  }

  async #load(block: Block, start: number): Promise<Uint8Array> {
    const left = pieceSize(this.#metainfo, block.piece) - start;
    const wanted = Math.max(Math.min(span, left), block.begin + block.length - start);
    const bytes = Buffer.allocUnsafeSlow(wanted);
    const position = block.piece * this.#metainfo.pieceLength + start;
    const { bytesRead } = await this.#file.read(bytes, 0, wanted, position);
    if (bytesRead < wanted) throw new Error(`the blob ends at ${position + bytesRead}`);
    if (wanted <= span) this.#cache.put(this.#key(block.piece, start), bytes);
    return bytes.subarray(block.begin - start, block.begin - start + block.length);
  }

  async #verifyAll(size: number, signal: AbortSignal): Promise<Bitfield> {
    const metainfo = this.#metainfo;
    const had = new Bitfield(metainfo.pieceCount);
    const bytes = Buffer.allocUnsafeSlow(Math.min(metainfo.pieceLength, metainfo.length));
    for (
      let piece = 0;
      piece < metainfo.pieceCount && piece * metainfo.pieceLength < size;
      piece++
    ) {
      signal.throwIfAborted();
      const wanted = pieceSize(metainfo, piece);
      const { bytesRead } = await this.#file.read(bytes, 0, wanted, piece * metainfo.pieceLength);
      if (bytesRead === wanted && isPiece(metainfo, piece, bytes.subarray(0, wanted)))
        had.add(piece);
    }
    return had;
  }

  #key(piece: number, begin: number): string {
    return `${this.#metainfo.infoHash}/${piece}/${begin}`;
  }
}

/** The operating system's files; what was read or written lately is kept at hand in `cache`. */
export function fileDisk(cache: BlockCache): Disk {
  return {
    openWhole: (path, metainfo) => PieceFile.openWhole(path, metainfo, cache),
    openPartial: (path, metainfo, signal) => PieceFile.openPartial(path, metainfo, cache, signal),
  };
}
