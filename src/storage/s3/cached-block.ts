import { crc32 } from 'node:zlib';
import { digestFileName, isDigest, type Digest } from '../../oci/digest.ts';
import type { Files, OpenFile } from '../files.ts';

/** Which bytes of which blob a file of the cache holds, and their CRC-32. */
export interface BlockName {
  readonly digest: Digest;
  readonly start: number;
  /** Not included. */
  readonly end: number;
  readonly crc: number;
}

const grammar = /^(sha256|sha512)-([0-9a-f]+)\.(\d{1,15})-(\d{1,15})\.([0-9a-f]{8})$/;
const sliceLength = 256 * 1024;

export function nameOf({ digest, start, end, crc }: BlockName): string {
  return `${digestFileName(digest)}.${start}-${end}.${crc.toString(16).padStart(8, '0')}`;
}

/** Undefined when a file's name is not one of a block. */
export function parseBlockName(name: string): BlockName | undefined {
  const match = grammar.exec(name);
  const digest = `${match?.[1]}:${match?.[2]}`;
  if (match === null || !isDigest(digest)) return undefined;
  return {
    digest,
    start: Number(match[3]),
    end: Number(match[4]),
    crc: Number.parseInt(match[5] ?? '', 16),
  };
}

/** How many files of a cache are open. */
export interface OpenCount {
  open: number;
}

/** A file of the cache. It stays readable for whoever uses it when it is removed. */
export class CachedBlock {
  readonly place: BlockName;
  /** Whether its bytes are known to be those that were written. */
  isChecked: boolean;
  readonly #path: string;
  readonly #files: Files;
  readonly #count: OpenCount;
  #file: Promise<OpenFile> | undefined;
  #checking: Promise<boolean> | undefined;
  #users = 0;
  #isRemoved = false;

  /** `file` is open, and was just written by this process. */
  constructor(path: string, place: BlockName, files: Files, count: OpenCount, file?: OpenFile) {
    this.place = place;
    this.#path = path;
    this.#files = files;
    this.#count = count;
    this.isChecked = file !== undefined;
    if (file === undefined) return;
    this.#file = Promise.resolve(file);
    count.open++;
  }

  get length(): number {
    return this.place.end - this.place.start;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  get isInUse(): boolean {
    return this.#users > 0;
  }

  use(): void {
    this.#users++;
  }

  letGo(): void {
    this.#users--;
    if (this.#isRemoved && this.#users === 0) void this.close().catch(() => {});
  }

  /** Opens it, and compares its bytes with its name, once. Throws what the system says. */
  async check(): Promise<boolean> {
    await this.#open();
    if (this.isChecked) return true;
    this.#checking ??= this.#compare().finally(() => {
      this.#checking = undefined;
    });
    return await this.#checking;
  }

  /** As of a file, with a position in the blob; at most to the end of the block. Throws what the system says. */
  async read(
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }> {
    const file = await this.#open();
    const most = Math.min(length, this.place.end - position);
    return await file.read(into, offset, most, position - this.place.start);
  }

  async remove(): Promise<void> {
    this.#isRemoved = true;
    if (this.#users === 0) await this.close();
    await this.#files.rm(this.#path, { force: true });
  }

  async close(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    this.#count.open--;
    await (await file).close();
  }

  async #open(): Promise<OpenFile> {
    if (this.#file === undefined) {
      this.#count.open++;
      this.#file = this.#files.open(this.#path, 'r');
    }
    const opening = this.#file;
    try {
      return await opening;
    } catch (error) {
      if (this.#file === opening) {
        this.#file = undefined;
        this.#count.open--;
      }
      throw error;
    }
  }

  async #compare(): Promise<boolean> {
    const file = await this.#open();
    const buffer = Buffer.allocUnsafeSlow(Math.min(sliceLength, this.length));
    let crc = 0;
    for (let at = 0; at < this.length;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return false;
      crc = crc32(buffer.subarray(0, bytesRead), crc);
      at += bytesRead;
    }
    this.isChecked = crc === this.place.crc;
    return this.isChecked;
  }
}
