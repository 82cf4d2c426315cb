import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { writeFileDurably } from '../durable-file.ts';
import type { Files } from '../files.ts';
import type { FolderIdentity } from '../folder-identity.ts';
import { StorageError, storageFault } from '../storage-error.ts';
import type { S3Bucket } from './s3-bucket.ts';

/** The object by which a place in a bucket is known, as a folder is by its file of this name. */
const marker = 'docket.id';

/** The file of a registry's folder that says where its blobs are. */
const placeFile = 'docket.s3';

/**
 * Knows a registry's place in a bucket by the id of the registry's folder, which stands in both. A bucket that was emptied, or another
 * one of the same name, holds none: what is not there then is not gone.
 */
export class S3Identity {
  readonly #bucket: S3Bucket;
  readonly #id: string;

  private constructor(bucket: S3Bucket, id: string) {
    this.#bucket = bucket;
    this.#id = id;
  }

  /** The identity of the place that a folder uses; the place gets one at its first use. Throws StorageError. */
  static async open(
    bucket: S3Bucket,
    { folder, id }: Pick<FolderIdentity, 'folder' | 'id'>,
    files: Files,
  ): Promise<S3Identity> {
    const identity = new S3Identity(bucket, id);
    const known = (await readPlace(folder, files)) ?? '';
    const found = await bucket.text(marker);
    if (found === undefined && known === '') await bucket.put(marker, Buffer.from(id));
    else identity.#compare(found);
    if (known !== `${bucket.place}\n`) {
      try {
        await writeFileDurably(join(folder, placeFile), `${bucket.place}\n`, files);
      } catch (error) {
        throw storageFault(`cannot write in the folder ${folder}`, error);
      }
    }
    return identity;
  }

  /** Throws StorageError STORAGE_GONE when the place is not the one that was opened. */
  async expect(): Promise<void> {
    this.#compare(await this.#bucket.text(marker));
  }

  #compare(found: string | undefined): void {
    if (found === this.#id) return;
    const { place } = this.#bucket;
    const message =
      found === undefined
        ? `${place} does not hold the blobs of this registry any more: was the bucket emptied, or is it another one?`
        : `${place} belongs to another registry: give each a prefix of its own, or remove its object ${marker} to take it over`;
    throw new StorageError('STORAGE_GONE', message);
  }
}

/** Where a registry's folder says that its blobs are: a line; undefined when they are in it. Throws StorageError. */
export async function readPlace(folder: string, files: Files): Promise<string | undefined> {
  const path = join(folder, placeFile);
  try {
    return await files.readText(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw storageFault(`cannot read ${path}`, error);
  }
}
