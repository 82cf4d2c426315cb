import { hash } from 'node:crypto';
import { readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import {
  decodeBencodeDictionary,
  encodeBencode,
  isBytes,
  textOf,
  type BencodeDictionary,
} from '../torrent/bencode.ts';
import { Bitfield } from '../torrent/bitfield.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

/** Milliseconds between a piece and the record of it: what is hashed again after a crash. */
const saveAfter = 5_000;
const sumLength = 32;
const largestRecord = 1024 * 1024;

/** Where the record of a partial file stands. Whoever moves or removes that file removes the record with it. */
export function recordPathOf(path: string): string {
  return `${path}.pieces`;
}

/** What tells a file from all others that had or will have its path. */
interface Identity {
  readonly file: string;
  readonly size: number;
  /** When it was last written to. */
  readonly changed: string;
}

/**
 * Which pieces of a partial file are right and on the disk itself, kept beside the file, so that after a crash only the
 * others are hashed. It is believed only for the very file and blob that it was written for, and after an orderly end only
 * if nobody has written to the file since. Nothing depends on it: when it cannot be kept, more is hashed.
 */
export class PieceRecord {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #metainfo: Metainfo;
  readonly #clock: Clock;
  readonly #there: Bitfield;
  #isChanged = false;
  #isUseless = false;
  #cancel: (() => void) | undefined;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, metainfo: Metainfo, clock: Clock) {
    this.#path = path;
    this.#file = file;
    this.#metainfo = metainfo;
    this.#clock = clock;
    this.#there = new Bitfield(metainfo.pieceCount);
  }

  /**
   * The record of the partial file `path`, open as `file`, and the pieces that it vouches for. One that is not to be
   * believed is removed, before anything is written to the file.
   */
  static async open(
    path: string,
    file: FileHandle,
    metainfo: Metainfo,
    clock: Clock,
  ): Promise<{ readonly record: PieceRecord; readonly known: Bitfield }> {
    const record = new PieceRecord(recordPathOf(path), file, metainfo, clock);
    const known = await record.#read();
    if (known === undefined) {
      await rm(record.#path, { force: true });
      return { record, known: new Bitfield(metainfo.pieceCount) };
    }
    for (const piece of known.indexes()) record.#there.add(piece);
    // That nobody writes to the file is not true any more.
    record.#isChanged = true;
    await record.save();
    return { record, known };
  }

  /** A verified piece was written; it is recorded soon. */
  wrote(piece: number): void {
    this.#isChanged = this.#there.add(piece) || this.#isChanged;
    if (this.#isChanged) this.#cancel ??= this.#clock.after(saveAfter, () => void this.save());
  }

  /** Records all pieces now. Never rejects. */
  async save(isLast = false): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#saving = this.#saving.then(() => this.#save(isLast));
    await this.#saving;
  }

  /** The last record, before the file is closed. A file that is whole may be elsewhere by now, and its record gone. */
  async close(): Promise<void> {
    if (!this.#there.isFull) return await this.save(true);
    this.#cancel?.();
    await this.#saving;
  }

  async #save(isLast: boolean): Promise<void> {
    // What an orderly end adds is worth nothing when there is nothing to tell.
    if (this.#isUseless || !(this.#isChanged || (isLast && this.#there.count > 0))) return;
    this.#isChanged = false;
    const pieces = this.#there.bytes();
    try {
      await this.#file.datasync();
      const { file, size, changed } = await identityOf(this.#file);
      const body = encodeBencode({
        changed: isLast ? changed : undefined,
        file,
        'info hash': this.#metainfo.infoHash,
        pieces,
        size,
      });
      const temporary = `${this.#path}.tmp`;
      await writeFile(temporary, Buffer.concat([sumOf(body), body]));
      await rename(temporary, this.#path);
    } catch {
      // Bytes whose sync failed may never reach the disk, whatever a later one says.
      this.#isUseless = true;
      await rm(this.#path, { force: true }).catch(() => {});
    }
  }

  async #read(): Promise<Bitfield | undefined> {
    const values = await readRecord(this.#path);
    const identity = await identityOf(this.#file);
    const { pieceCount, length, infoHash } = this.#metainfo;
    const changed = textOf(values?.get('changed'));
    const pieces = values?.get('pieces');
    const isOurs =
      textOf(values?.get('info hash')) === infoHash &&
      textOf(values?.get('file')) === identity.file &&
      values?.get('size') === identity.size &&
      identity.size === length &&
      (changed === undefined || changed === identity.changed);
    return isOurs && isBytes(pieces) ? Bitfield.parse(pieces, pieceCount) : undefined;
  }
}

async function identityOf(file: FileHandle): Promise<Identity> {
  const { dev, ino, birthtimeNs, size, mtimeNs } = await file.stat({ bigint: true });
  return { file: `${dev} ${ino} ${birthtimeNs}`, size: Number(size), changed: String(mtimeNs) };
}

/** Undefined when there is none, or not as it was written. */
async function readRecord(path: string): Promise<BencodeDictionary | undefined> {
  try {
    const bytes = await readFile(path);
    const body = bytes.subarray(sumLength);
    if (!sumOf(body).equals(bytes.subarray(0, sumLength))) return undefined;
    return decodeBencodeDictionary(body, { bytes: largestRecord }).values;
  } catch {
    return undefined;
  }
}

function sumOf(body: Uint8Array): Buffer {
  return hash('sha256', body, 'buffer');
}
