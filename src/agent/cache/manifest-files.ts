import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../../base/errors.ts';
import {
  digestAlgorithm,
  digestAlgorithms,
  digestHex,
  digestOf,
  type Digest,
} from '../../oci/digest.ts';
import { parseManifest, type Manifest } from '../../oci/manifest.ts';
import { writeFileDurably } from '../../storage/durable-file.ts';
import { prepareFolder } from './prepare-folder.ts';

/** A manifest as the registry gave it. */
export interface CachedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Verbatim. */
  readonly bytes: Buffer;
  readonly manifest: Manifest;
}

/**
 * Manifests as files `manifests/<algorithm>/<hex>`: a line with the media type, then the bytes, since both belong
 * together and are written at once. The digest is checked at each reading.
 */
export class ManifestFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = path.join(folder, 'manifests');
  }

  /** Makes the folders. Call it once, first. */
  async start(): Promise<void> {
    for (const algorithm of digestAlgorithms) {
      await prepareFolder(path.join(this.#folder, algorithm));
    }
  }

  /** The manifest, or undefined when it is not there, or not whole. */
  async find(digest: Digest): Promise<CachedManifest | undefined> {
    const file = this.#path(digest);
    const content = await readFile(file).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (content === undefined) return undefined;
    const end = content.indexOf(0x0a);
    const mediaType = content.toString('latin1', 0, Math.max(0, end));
    const bytes = content.subarray(end + 1);
    if (end > 0 && digestOf(digestAlgorithm(digest), bytes) === digest) {
      try {
        return { digest, mediaType, bytes, manifest: parseManifest(bytes, mediaType) };
      } catch {
        // The line before the bytes is damaged: as good as absent.
      }
    }
    await rm(file, { force: true });
    return undefined;
  }

  /** Keeps a manifest whose digest was checked. */
  async put(digest: Digest, mediaType: string, bytes: Uint8Array): Promise<void> {
    await writeFileDurably(
      this.#path(digest),
      Buffer.concat([Buffer.from(`${mediaType}\n`), bytes]),
    );
  }

  #path(digest: Digest): string {
    return path.join(this.#folder, digestAlgorithm(digest), digestHex(digest));
  }
}
