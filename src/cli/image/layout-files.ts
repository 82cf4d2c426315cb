import { stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { blobPath } from '../../oci/archive-layout.ts';
import type { Digest } from '../../oci/digest.ts';
import { smallFile, storedFile } from './file-bytes.ts';
import type { StoredFile } from './image-source.ts';

/** The files of an OCI image layout, in a folder or an archive. */
export interface LayoutFiles {
  /** The bytes of a document such as `index.json`; undefined when absent. Throws ArchiveError when it is over `limit` bytes. */
  document(name: string, limit: number): Promise<Uint8Array | undefined>;
  /** A blob or manifest; undefined when absent. */
  blob(digest: Digest): Promise<StoredFile | undefined>;
}

/** An OCI image layout in a folder. */
export class LayoutFolder implements LayoutFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async document(name: string, limit: number): Promise<Uint8Array | undefined> {
    const file = await this.#file(name);
    return file === undefined ? undefined : smallFile(file, limit, name);
  }

  async blob(digest: Digest): Promise<StoredFile | undefined> {
    return this.#file(blobPath(digest));
  }

  async #file(name: string): Promise<StoredFile | undefined> {
    const file = path.join(this.#folder, name);
    try {
      const found = await stat(file);
      return found.isFile() ? storedFile(file, found.size) : undefined;
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  }
}
