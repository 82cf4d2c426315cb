import {
  access,
  constants,
  mkdir,
  open,
  opendir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
} from 'node:fs/promises';
import type { Writable } from '../base/write-all.ts';

/** What is asked of a file's or folder's status. */
export interface FileStatus {
  /** Bytes. */
  readonly size: number;
  /** When its content last changed, in milliseconds since 1970. */
  readonly mtimeMs: number;
  readonly dev: number;
  readonly ino: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** An open file; a folder too, to sync it. Calls throw what the system says. */
export interface OpenFile extends AsyncDisposable, Writable {
  read(
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
  datasync(): Promise<void>;
  stat(): Promise<FileStatus>;
  close(): Promise<void>;
}

/** A name in a folder. */
export interface FolderEntry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
}

/**
 * The operations on files that storage is made of, handed in: the system's in the product; in tests some that fail, stop
 * at any step, or lose what was not synced. Calls throw what the system says.
 */
export interface Files {
  open(path: string, flags: string, mode?: number): Promise<OpenFile>;
  mkdir(path: string, mode?: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A file that is not there is no error with `force`. */
  rm(path: string, options?: { readonly force?: boolean }): Promise<void>;
  stat(path: string): Promise<FileStatus>;
  /** The names in a folder, in any order. */
  list(path: string): AsyncIterable<FolderEntry>;
  /** A small file's text. */
  readText(path: string): Promise<string>;
  /** Room on the volume, in bytes: what may still be written by this process, and the whole. */
  room(path: string): Promise<{ readonly free: number; readonly total: number }>;
  /** Throws when nothing may be written in the folder, as on a volume that became read-only. */
  expectWritable(folder: string): Promise<void>;
}

/** The operating system's files. */
export const systemFiles: Files = {
  open,
  async mkdir(path, mode) {
    await mkdir(path, { mode: mode ?? 0o777 });
  },
  rename,
  rm: (path, options) => rm(path, options),
  stat,
  async *list(path) {
    yield* await opendir(path);
  },
  readText: (path) => readFile(path, 'utf8'),
  async room(path) {
    const { bavail, blocks, bsize } = await statfs(path);
    return { free: bavail * bsize, total: blocks * bsize };
  },
  expectWritable: (folder) => access(folder, constants.W_OK),
};
