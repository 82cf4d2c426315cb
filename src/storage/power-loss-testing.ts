import { basename, dirname } from 'node:path';
import type { Files, FileStatus, OpenFile } from './files.ts';

interface Folder {
  readonly kind: 'folder';
  readonly ino: number;
  names: Map<string, Folder | File>;
  /** The names after a power loss. */
  durable: Map<string, Folder | File>;
}

interface File {
  readonly kind: 'file';
  readonly ino: number;
  bytes: Buffer;
  /** The bytes after a power loss. */
  durable: Buffer;
}

/**
 * For tests: files in memory that lose in a power loss all that was not synced, as POSIX allows: the bytes of files that were
 * not, and names in folders that were not (new, renamed or removed ones).
 */
export class PowerLossFiles implements Files {
  #inodes = 0;
  readonly #root = this.#newFolder();

  /** What was not synced is lost. */
  losePower(): void {
    const lose = (folder: Folder): void => {
      folder.names = new Map(folder.durable);
      for (const entry of folder.names.values()) {
        if (entry.kind === 'folder') lose(entry);
        else entry.bytes = Buffer.from(entry.durable);
      }
    };
    lose(this.#root);
  }

  async open(path: string, flags: string): Promise<OpenFile> {
    const found = this.#find(path);
    if (flags === 'wx') {
      if (found !== undefined) throw failure('EEXIST', path);
      const file: File = { kind: 'file', ino: ++this.#inodes, bytes: empty, durable: empty };
      this.#folder(dirname(path)).names.set(basename(path), file);
      return openFile(file);
    }
    if (found === undefined) throw failure('ENOENT', path);
    return found.kind === 'file' ? openFile(found) : openFolder(found);
  }

  async mkdir(path: string): Promise<void> {
    if (this.#find(path) !== undefined) throw failure('EEXIST', path);
    this.#folder(dirname(path)).names.set(basename(path), this.#newFolder());
  }

  async rename(from: string, to: string): Promise<void> {
    const found = this.#find(from);
    if (found === undefined) throw failure('ENOENT', from);
    this.#folder(dirname(to)).names.set(basename(to), found);
    this.#folder(dirname(from)).names.delete(basename(from));
  }

  async rm(path: string, options: { readonly force?: boolean } = {}): Promise<void> {
    const isThere = this.#find(path) !== undefined;
    if (!isThere && options.force !== true) throw failure('ENOENT', path);
    if (isThere) this.#folder(dirname(path)).names.delete(basename(path));
  }

  async stat(path: string): Promise<FileStatus> {
    const found = this.#find(path);
    if (found === undefined) throw failure('ENOENT', path);
    return statusOf(found);
  }

  async *list(path: string) {
    for (const [name, entry] of this.#folder(path).names) yield { name, ...statusOf(entry) };
  }

  async readText(path: string): Promise<string> {
    const found = this.#find(path);
    if (found?.kind !== 'file') throw failure('ENOENT', path);
    return found.bytes.toString();
  }

  async room(): Promise<{ readonly free: number; readonly total: number }> {
    return { free: 2 ** 40, total: 2 ** 40 };
  }

  async expectWritable(): Promise<void> {}

  #newFolder(): Folder {
    return { kind: 'folder', ino: ++this.#inodes, names: new Map(), durable: new Map() };
  }

  #find(path: string): Folder | File | undefined {
    let at: Folder | File | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      at = at?.kind === 'folder' ? at.names.get(name) : undefined;
    }
    return at;
  }

  #folder(path: string): Folder {
    const found = this.#find(path);
    if (found?.kind !== 'folder') throw failure('ENOENT', path);
    return found;
  }
}

const empty = Buffer.alloc(0);

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function statusOf(entry: Folder | File): FileStatus {
  return {
    size: entry.kind === 'file' ? entry.bytes.length : 0,
    mtimeMs: Date.now(),
    dev: 1,
    ino: entry.ino,
    isFile: () => entry.kind === 'file',
    isDirectory: () => entry.kind === 'folder',
  };
}

function openFile(file: File): OpenFile {
  const sync = async (): Promise<void> => {
    file.durable = Buffer.from(file.bytes);
  };
  return {
    async read(into, offset, length, position) {
      const part = file.bytes.subarray(position, position + length);
      into.set(part, offset);
      return { bytesRead: part.length };
    },
    async write(bytes, offset, length, position) {
      const grown = Buffer.alloc(Math.max(file.bytes.length, position + length));
      grown.set(file.bytes);
      grown.set(bytes.subarray(offset, offset + length), position);
      file.bytes = grown;
      return { bytesWritten: length };
    },
    async truncate(length) {
      file.bytes = Buffer.from(file.bytes.subarray(0, length));
    },
    sync,
    datasync: sync,
    stat: async () => statusOf(file),
    async close() {},
    async [Symbol.asyncDispose]() {},
  };
}

function openFolder(folder: Folder): OpenFile {
  const refuse = async (): Promise<never> => {
    throw failure('EISDIR', 'a folder');
  };
  const sync = async (): Promise<void> => {
    folder.durable = new Map(folder.names);
  };
  return {
    read: refuse,
    write: refuse,
    truncate: refuse,
    sync,
    datasync: sync,
    stat: async () => statusOf(folder),
    async close() {},
    async [Symbol.asyncDispose]() {},
  };
}
