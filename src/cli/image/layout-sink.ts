import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { codeOf, messageOf } from '../../base/errors.ts';
import { nameAnnotations } from '../../oci/archive-index.ts';
import {
  blobPath,
  indexEntry,
  layoutIndex,
  layoutMarker,
  type LayoutImage,
} from '../../oci/archive-layout.ts';
import { isJsonObject } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { makeFolder } from '../../storage/durable-file.ts';
import { CliError } from '../cli-error.ts';
import { reasonOf } from '../folder-failure.ts';
import { DigestStream } from './digest-stream.ts';
import type { ImageSink, PulledImage } from './image-sink.ts';
import { proveWritable, writeFileWhole } from './write-file.ts';

/** Writes images into an OCI image layout, beside those that it holds already. */
export class LayoutSink implements ImageSink {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder. Throws CliError FOLDER_UNUSABLE. */
  static async open(folder: string): Promise<LayoutSink> {
    try {
      const blobs = path.join(path.resolve(folder), 'blobs', 'sha256');
      await makeFolder(blobs);
      for (const each of [folder, blobs]) await proveWritable(each);
    } catch (error) {
      throw new CliError('FOLDER_UNUSABLE', `${folder} cannot be written: ${reasonOf(error)}`, {
        cause: error,
        hint: 'Name a folder that you may write to.',
      });
    }
    return new LayoutSink(path.resolve(folder));
  }

  async has(): Promise<boolean> {
    return false;
  }

  /** The `index.json` is written last: whatever it lists is there. */
  async write(image: PulledImage, signal: AbortSignal): Promise<string> {
    const entries = await this.#otherEntries(image);
    for (const [digest, blob] of image.blobs) {
      await this.#writeBlob(digest, blob.size, () => blob.open(), signal);
    }
    const { manifestBytes } = image;
    await this.#writeBlob(image.digest, manifestBytes.length, () => bytesOf(manifestBytes), signal);
    await this.#writeText('oci-layout', layoutMarker, signal);
    await this.#writeText('index.json', layoutIndex([...entries, indexEntry(image)]), signal);
    return `Written to ${this.#folder}`;
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  async #writeBlob(
    digest: Digest,
    size: number,
    open: () => Readable,
    signal: AbortSignal,
  ): Promise<void> {
    const file = path.join(this.#folder, blobPath(digest));
    const present = await stat(file).catch(() => undefined);
    if (present?.isFile() === true && present.size === size) return;
    await mkdir(path.dirname(file), { recursive: true });
    const stream = DigestStream.for(digest);
    const verify = (): void => {
      if (stream.digest() === digest) return;
      throw new CliError('WRONG_CONTENT', `the blob ${digest} changed while it was written`);
    };
    await writeFileWhole(file, open(), signal, { stream, verify });
  }

  async #writeText(name: string, text: string, signal: AbortSignal): Promise<void> {
    await writeFileWhole(path.join(this.#folder, name), bytesOf(Buffer.from(text)), signal);
  }

  /** The entries of the folder's `index.json` that the image does not take the place of. */
  async #otherEntries(image: LayoutImage): Promise<readonly unknown[]> {
    let text: string;
    try {
      text = await readFile(path.join(this.#folder, 'index.json'), 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
    const own = annotationsOf(indexEntry(image));
    try {
      const index: unknown = JSON.parse(text);
      const manifests = isJsonObject(index) ? index['manifests'] : undefined;
      if (!Array.isArray(manifests)) throw new TypeError('it lists no manifests');
      return manifests.filter((entry: unknown) => {
        const annotations = annotationsOf(entry);
        const sameDigest = isJsonObject(entry) && entry['digest'] === image.digest;
        return !Object.values(nameAnnotations).some((key) =>
          own[key] === undefined ? sameDigest : annotations[key] === own[key],
        );
      });
    } catch (error) {
      throw new CliError(
        'FOLDER_UNUSABLE',
        `${this.#folder} holds an index.json that is none of an OCI layout: ${messageOf(error)}`,
        { cause: error, hint: 'Name another folder.' },
      );
    }
  }
}

function bytesOf(bytes: Uint8Array): Readable {
  return Readable.from([bytes]);
}

function annotationsOf(entry: unknown): Readonly<Record<string, unknown>> {
  const annotations = isJsonObject(entry) ? entry['annotations'] : undefined;
  return isJsonObject(annotations) ? annotations : {};
}
