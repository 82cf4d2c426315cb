import type { Clock } from '../base/clock.ts';
import type { BlobStore } from './blob-store.ts';
import { DiskBlobStore } from './disk-blob-store.ts';
import { systemFiles } from './files.ts';
import type { FolderIdentity } from './folder-identity.ts';
import { readPlace } from './s3/s3-identity.ts';
import type { S3Options } from './s3/s3-options.ts';
import { StorageError } from './storage-error.ts';

/** Where a registry's blobs are kept: in its folder, or in an S3-compatible store. */
export interface StorageOptions {
  readonly s3?: S3Options | undefined;
}

/**
 * Opens the blobs of a registry's folder, wherever they are. Throws StorageError, STORAGE_GONE when they are in S3 and nobody says
 * where.
 */
export async function openBlobStore(
  identity: FolderIdentity,
  { s3 }: StorageOptions,
  clock: Clock,
): Promise<BlobStore> {
  if (s3 === undefined) {
    await expectLocal(identity.folder);
    return await DiskBlobStore.open(identity.folder, { identity });
  }
  // Only who uses it loads it.
  const { S3BlobStore } = await import('./s3/s3-blob-store.ts');
  return await S3BlobStore.open({ s3, identity, clock });
}

/** Whether a registry's folder says that its blobs are in another place. Throws StorageError. */
export async function isKeptElsewhere(folder: string): Promise<boolean> {
  return (await readPlace(folder, systemFiles)) !== undefined;
}

async function expectLocal(folder: string): Promise<void> {
  const place = await readPlace(folder, systemFiles);
  if (place === undefined) return;
  throw new StorageError(
    'STORAGE_GONE',
    `the registry in ${folder} keeps its blobs in ${place.trim()}: name that place ("storage") to use it`,
  );
}
