import { randomInteger, type Random } from '../../../src/base/random.ts';
import type { Disk, PieceStore } from '../../../src/swarm/disk.ts';
import { Bitfield } from '../../../src/torrent/bitfield.ts';
import type { Metainfo } from '../../../src/torrent/metainfo.ts';
import { isPiece } from '../../../src/torrent/verify-piece.ts';
import type { Process } from './process.ts';
import { SimFile } from './sim-file.ts';

/** How a machine's disk behaves; may change while it runs. */
export interface DiskNature {
  /** Milliseconds of one operation, at least and at most. */
  latency: readonly [number, number];
  /** The chance that a block is at hand without asking the disk. */
  cached: number;
  isFull: boolean;
  /** The chance that a read is refused, and that it brings wrong bytes. */
  failing: number;
  rotten: number;
}

/** What is on a machine's disk, and which bytes should be. */
export interface SimDisk {
  readonly files: Map<string, SimFile>;
  readonly nature: DiskNature;
  readonly truth: (metainfo: Metainfo) => Buffer;
  readonly random: Random;
}

/** A program's way to a disk in memory: every operation takes its time, may fail, and comes to nothing when the program dies. */
export class MemoryDisk implements Disk {
  readonly disk: SimDisk;
  readonly process: Process;
  /** Files that the program has open. */
  open = 0;

  constructor(disk: SimDisk, process: Process) {
    this.disk = disk;
    this.process = process;
  }

  async openWhole(path: string, metainfo: Metainfo): Promise<PieceStore> {
    await this.pause();
    const file = this.disk.files.get(path);
    if (file === undefined) throw systemError('ENOENT', `no such file: ${path}`);
    if (file.metainfo.infoHash !== metainfo.infoHash) throw new Error('another blob stands there');
    return new MemoryStore(this, file);
  }

  async openPartial(
    path: string,
    metainfo: Metainfo,
    signal: AbortSignal,
  ): Promise<{ readonly store: PieceStore; readonly had: Bitfield }> {
    await this.pause();
    const file = this.disk.files.get(path) ?? new SimFile(metainfo);
    this.disk.files.set(path, file);
    const store = new MemoryStore(this, file);
    const had = new Bitfield(metainfo.pieceCount);
    try {
      for (const piece of file.touched) {
        signal.throwIfAborted();
        await this.pause();
        if (isPiece(metainfo, piece, file.slice(piece))) had.add(piece);
      }
    } catch (error) {
      await store.close();
      throw error;
    }
    return { store, had };
  }

  /** As long as one operation takes. */
  pause(): Promise<void> {
    const [least, most] = this.disk.nature.latency;
    const took = least + this.disk.random() * (most - least);
    return new Promise((resolve) => void this.process.after(took, resolve));
  }
}

class MemoryStore implements PieceStore {
  readonly #owner: MemoryDisk;
  readonly #file: SimFile;
  readonly #forget: () => void;
  readonly #pending = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(owner: MemoryDisk, file: SimFile) {
    this.#owner = owner;
    this.#file = file;
    owner.open++;
    this.#forget = owner.process.atDeath(() => owner.open--);
  }

  write(piece: number, bytes: Uint8Array): Promise<void> {
    const { process, disk } = this.#owner;
    // Killed half way, a part of it stands there.
    const forget = process.atDeath(() =>
      this.#put(piece, bytes.subarray(0, randomInteger(disk.random, bytes.length + 1))),
    );
    return this.#do(async () => {
      try {
        await this.#owner.pause();
        forget();
        if (disk.nature.isFull) throw systemError('ENOSPC', 'no space left on device, write');
        this.#put(piece, bytes);
      } finally {
        forget();
      }
    });
  }

  read(piece: number, begin: number, parts: readonly Uint8Array[]): Promise<void> {
    const { nature, random } = this.#owner.disk;
    return this.#do(async () => {
      if (random() >= nature.cached) await this.#owner.pause();
      if (random() < nature.failing) throw systemError('EIO', 'i/o error, read');
      let offset = begin;
      for (const part of parts) {
        part.set(this.#file.slice(piece, offset, part.length));
        if (random() < nature.rotten) part[0] = ~(part[0] ?? 0);
        offset += part.length;
      }
    });
  }

  sync(): Promise<void> {
    return this.#do(async () => {
      await this.#owner.pause();
      if (this.#owner.disk.nature.isFull && this.#owner.disk.random() < 0.5)
        throw systemError('ENOSPC', 'no space left on device, fsync');
      this.#file.sync();
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) throw systemError('EBADF', 'file closed');
    this.#isClosed = true;
    await Promise.allSettled(this.#pending);
    await this.#owner.pause();
    this.#forget();
    this.#owner.open--;
  }

  #put(piece: number, bytes: Uint8Array): void {
    this.#file.put(piece, bytes, this.#owner.disk.truth(this.#file.metainfo));
  }

  async #do<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw systemError('EBADF', 'file closed');
    const doing = operation();
    this.#pending.add(doing);
    try {
      return await doing;
    } finally {
      this.#pending.delete(doing);
    }
  }
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
