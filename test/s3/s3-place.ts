import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import type { Files } from '../../src/storage/files.ts';
import { FolderIdentity } from '../../src/storage/folder-identity.ts';
import { S3BlobStore } from '../../src/storage/s3/s3-blob-store.ts';
import type { S3Options } from '../../src/storage/s3/s3-options.ts';
import type { Swift } from '../lab/swift.ts';

/** Stores refuse smaller ones. */
export const leastPart = 5 * 1024 * 1024;

/** A place in a store, with the local folder that belongs to it, to be opened more than once. */
export class S3Place implements AsyncDisposable {
  readonly folder: string;
  readonly s3: S3Options;

  private constructor(folder: string, s3: S3Options) {
    this.folder = folder;
    this.s3 = s3;
  }

  static async make(swift: Swift, options: Partial<S3Options> = {}): Promise<S3Place> {
    const folder = await mkdtemp(join(tmpdir(), 'docket-s3-'));
    return new S3Place(folder, swift.place({ partBytes: leastPart, ...options }));
  }

  async open(options: { readonly files?: Files; readonly blockBytes?: number } = {}) {
    const identity = await FolderIdentity.open(this.folder);
    const { s3 } = this;
    return await S3BlobStore.open({ s3, identity, clock: systemClock, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
