import { open, type FileHandle } from 'node:fs/promises';
import { writeAll } from '../base/write-all.ts';
import { Bitfield } from '../torrent/bitfield.ts';
import { pieceSize } from '../torrent/geometry.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { isPiece } from '../torrent/verify-piece.ts';
import type { Disk, PieceStore } from './disk.ts';

/** One blob's pieces in a file. The system keeps at hand what was written or read lately, so nothing is kept here. */
class PieceFile implements PieceStore {
  readonly #metainfo: Metainfo;
  readonly #file: FileHandle;

  constructor(metainfo: Metainfo, file: FileHandle) {
    this.#metainfo = metainfo;
    this.#file = file;
  }

  async write(piece: number, bytes: Uint8Array): Promise<void> {
    await writeAll(this.#file, bytes, piece * this.#metainfo.pieceLength);
  }

  async read(piece: number, begin: number, parts: readonly Uint8Array[]): Promise<void> {
    const position = piece * this.#metainfo.pieceLength + begin;
    const wanted = parts.reduce((sum, part) => sum + part.length, 0);
    const { bytesRead } = await this.#file.readv(parts, position);
    if (bytesRead < wanted) throw new Error(`the blob ends at ${position + bytesRead}`);
  }

  async sync(): Promise<void> {
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** The pieces that stand right in the first `size` bytes of a file. Throws the signal's reason. */
async function verifyAll(
  file: FileHandle,
  metainfo: Metainfo,
  size: number,
  signal: AbortSignal,
): Promise<Bitfield> {
  const { pieceCount, pieceLength } = metainfo;
  const had = new Bitfield(pieceCount);
  const bytes = Buffer.allocUnsafeSlow(Math.min(pieceLength, metainfo.length));
  for (let piece = 0; piece < pieceCount && piece * pieceLength < size; piece++) {
    signal.throwIfAborted();
    const wanted = pieceSize(metainfo, piece);
    const { bytesRead } = await file.read(bytes, 0, wanted, piece * pieceLength);
    if (bytesRead === wanted && isPiece(metainfo, piece, bytes.subarray(0, wanted))) had.add(piece);
  }
  return had;
}

/** The operating system's files. */
export const fileDisk: Disk = {
  async openWhole(path, metainfo) {
    return new PieceFile(metainfo, await open(path, 'r'));
  },

  async openPartial(path, metainfo, signal) {
    const touched = await open(path, 'a');
    await touched.close();
    const file = await open(path, 'r+');
    try {
      const { size } = await file.stat();
      const had =
        size === 0
          ? new Bitfield(metainfo.pieceCount)
          : await verifyAll(file, metainfo, size, signal);
      if (size !== metainfo.length) await file.truncate(metainfo.length);
      return { store: new PieceFile(metainfo, file), had };
    } catch (error) {
      await file.close();
      throw error;
    }
  },
};
