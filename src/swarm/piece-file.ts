import { open, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { writeAll } from '../base/write-all.ts';
import type { Bitfield } from '../torrent/bitfield.ts';
import { pieceSize } from '../torrent/geometry.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { isPiece } from '../torrent/verify-piece.ts';
import type { Disk, PieceStore } from './disk.ts';
import { PieceRecord } from './piece-record.ts';

/** One blob's pieces in a file. The system keeps at hand what was written or read lately, so nothing is kept here. */
class PieceFile implements PieceStore {
  readonly #metainfo: Metainfo;
  readonly #file: FileHandle;
  readonly #record: PieceRecord | undefined;

  constructor(metainfo: Metainfo, file: FileHandle, record?: PieceRecord) {
    this.#metainfo = metainfo;
    this.#file = file;
    this.#record = record;
  }

  async write(piece: number, bytes: Uint8Array): Promise<void> {
    await writeAll(this.#file, bytes, piece * this.#metainfo.pieceLength);
    this.#record?.wrote(piece);
  }

  async read(piece: number, begin: number, parts: readonly Uint8Array[]): Promise<void> {
    const position = piece * this.#metainfo.pieceLength + begin;
    const wanted = parts.reduce((sum, part) => sum + part.length, 0);
    const { bytesRead } = await this.#file.readv(parts, position);
    if (bytesRead < wanted) throw new Error(`the blob ends at ${position + bytesRead}`);
  }

  async sync(): Promise<void> {
    await this.#file.sync();
    await this.#record?.save();
  }

  async close(): Promise<void> {
    await this.#record?.close();
    await this.#file.close();
  }
}

/** Adds to `had` the other pieces that stand right in the first `size` bytes of a file. Throws the signal's reason. */
async function verifyOthers(
  had: Bitfield,
  file: FileHandle,
  metainfo: Metainfo,
  size: number,
  signal: AbortSignal,
): Promise<void> {
  const { pieceCount, pieceLength } = metainfo;
  const bytes = Buffer.allocUnsafeSlow(Math.min(pieceLength, metainfo.length));
  for (let piece = 0; piece < pieceCount && piece * pieceLength < size; piece++) {
    signal.throwIfAborted();
    if (had.has(piece)) continue;
    const wanted = pieceSize(metainfo, piece);
    const { bytesRead } = await file.read(bytes, 0, wanted, piece * pieceLength);
    if (bytesRead === wanted && isPiece(metainfo, piece, bytes.subarray(0, wanted))) had.add(piece);
  }
}

/** The operating system's files. */
export function fileDisk(clock: Clock): Disk {
  return {
    async openWhole(path, metainfo) {
      return new PieceFile(metainfo, await open(path, 'r'));
    },

    async openPartial(path, metainfo, signal) {
      const touched = await open(path, 'a');
      await touched.close();
      const file = await open(path, 'r+');
      try {
        const { size } = await file.stat();
        const { record, known: had } = await PieceRecord.open(path, file, metainfo, clock);
        await verifyOthers(had, file, metainfo, size, signal);
        if (size !== metainfo.length) await file.truncate(metainfo.length);
        for (const piece of had.indexes()) record.wrote(piece);
        return { store: new PieceFile(metainfo, file, record), had };
      } catch (error) {
        await file.close();
        throw error;
      }
    },
  };
}
