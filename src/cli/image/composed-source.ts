import { pipeline } from 'node:stream/promises';
import {
  composeManifest,
  compressionMagicLength,
  compressionOf,
  type PackedLayer,
} from '../../oci/archive-compose.ts';
import { parseImageConfig, type ImageConfig } from '../../oci/archive-config.ts';
import { ArchiveError } from '../../oci/archive-error.ts';
import type { ArchiveImage } from '../../oci/archive-manifest.ts';
import { sha256Of, type Digest } from '../../oci/digest.ts';
import { eachLimited } from '../each-limited.ts';
import type { SpoolFolder } from '../location.ts';
import { compressLayer } from './compress-layer.ts';
import { decompressor } from './decompress.ts';
import { DigestStream } from './digest-stream.ts';
import { fileStart, smallFile } from './file-bytes.ts';
import type { BlobReceiver, ImageSource, SourceBlob, SourceManifest } from './image-source.ts';
import type { LayerMemory } from './layer-memory.ts';
import { blobsAtOnce } from './layout-source.ts';
import type { SpooledArchive, SpooledFile } from './spooled-archive.ts';

const largestConfig = 8 * 1024 * 1024;

/** Where temporary files go, and what is known of earlier pushes. */
export interface Workshop {
  readonly spool: SpoolFolder;
  readonly memory: LayerMemory;
}

/**
 * An image of a `docker save` archive, whose layers are mostly uncompressed: they are compressed, and a manifest is made
 * for them. The image's own ID, which is its config's digest, stays what it is.
 */
export class ComposedSource implements ImageSource {
  readonly #config: SpooledFile;
  readonly #layers: readonly SpooledFile[];
  readonly #known: ImageConfig;
  readonly #workshop: Workshop;

  private constructor(
    config: SpooledFile,
    layers: readonly SpooledFile[],
    known: ImageConfig,
    workshop: Workshop,
  ) {
    this.#config = config;
    this.#layers = layers;
    this.#known = known;
    this.#workshop = workshop;
  }

  /** Throws ArchiveError when a part is absent, or the config is not what its name says. */
  static async open(
    archive: SpooledArchive,
    image: ArchiveImage,
    workshop: Workshop,
  ): Promise<ComposedSource> {
    const config = archive.find(image.config);
    if (config === undefined) throw absent('config', image.config);
    if (image.configDigest !== undefined && config.sha256 !== image.configDigest) {
      throw new ArchiveError(
        'ARCHIVE_DIGEST_MISMATCH',
        `the image's config ${image.configDigest} has the digest ${config.sha256}`,
      );
    }
    const known = parseImageConfig(await smallFile(config, largestConfig, image.config));
    const layers = image.layers.map((name) => {
      const layer = archive.find(name);
      if (layer === undefined) throw absent('layer', name);
      return layer;
    });
    if (layers.length !== known.diffIds.length) {
      throw new ArchiveError(
        'ARCHIVE_INVALID',
        `manifest.json lists ${layers.length} layers, the image's config ${known.diffIds.length}`,
      );
    }
    return new ComposedSource(config, layers, known, workshop);
  }

  /** The image's ID. */
  get configDigest(): Digest {
    return this.#config.sha256;
  }

  async deliver(receiver: BlobReceiver, signal: AbortSignal): Promise<readonly SourceManifest[]> {
    const packed = new Map<Digest, PackedLayer>();
    const different = new Map(this.#layers.map((layer) => [layer.sha256, layer]));
    const config: SourceBlob = { ...this.#config, digest: this.#config.sha256 };
    const jobs = [
      ...[...different.values()].map((layer) => async (either: AbortSignal): Promise<void> => {
        packed.set(layer.sha256, await this.#deliverLayer(layer, receiver, either));
      }),
      (either: AbortSignal): Promise<void> => deliverBlob(config, receiver, either),
    ];
    await eachLimited(jobs, blobsAtOnce, signal, (job, either) => job(either));

    const layers = this.#layers.map(({ sha256 }) => packed.get(sha256) as PackedLayer);
    const { bytes, manifest } = composeManifest(config, layers, this.#known.isDockerOnly);
    return [{ digest: sha256Of(bytes), mediaType: manifest.mediaType, bytes }];
  }

  async #deliverLayer(
    layer: SpooledFile,
    receiver: BlobReceiver,
    signal: AbortSignal,
  ): Promise<PackedLayer> {
    const compression = compressionOf(await fileStart(layer.path, compressionMagicLength));
    if (compression !== 'none') {
      this.#checkDiffId(layer, await diffIdOf(layer, compression, signal));
      await deliverBlob({ ...layer, digest: layer.sha256 }, receiver, signal);
      return { digest: layer.sha256, size: layer.size, compression };
    }
    this.#checkDiffId(layer, layer.sha256);
    const known = this.#workshop.memory.find(layer.sha256);
    if (known !== undefined && (await receiver.has(known.digest))) {
      receiver.skip(known);
      return { ...known, compression: 'gzip' };
    }
    const blob = await this.#compress(layer, receiver, signal);
    await this.#workshop.memory.remember(layer.sha256, blob);
    await deliverBlob(blob, receiver, signal);
    return { digest: blob.digest, size: blob.size, compression: 'gzip' };
  }

  async #compress(
    layer: SpooledFile,
    receiver: BlobReceiver,
    signal: AbortSignal,
  ): Promise<SourceBlob> {
    const preparation = receiver.prepare(layer.sha256, layer.size);
    try {
      const target = this.#workshop.spool.next();
      return await compressLayer(layer.path, target, signal, (done) => preparation.update(done));
    } finally {
      preparation.end();
    }
  }

  /** Compares the uncompressed digest of `layer` with what the config says, wherever the image has that layer. */
  #checkDiffId(layer: SpooledFile, actual: Digest): void {
    this.#layers.forEach(({ sha256 }, index) => {
      const expected = this.#known.diffIds[index];
      if (sha256 !== layer.sha256 || actual === expected) return;
      throw new ArchiveError(
        'ARCHIVE_DIGEST_MISMATCH',
        `layer ${index + 1} has the uncompressed digest ${actual} (the image's config says ${expected})`,
      );
    });
  }

  async close(): Promise<void> {
    await this.#workshop.spool.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function deliverBlob(
  blob: SourceBlob,
  receiver: BlobReceiver,
  signal: AbortSignal,
): Promise<void> {
  if (await receiver.has(blob.digest)) receiver.skip(blob);
  else await receiver.receive(blob, signal);
}

async function diffIdOf(
  layer: SpooledFile,
  compression: PackedLayer['compression'],
  signal: AbortSignal,
): Promise<Digest> {
  const digest = new DigestStream();
  digest.resume();
  await pipeline(layer.open(), decompressor(compression) ?? digest, digest, { signal }).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      throw new ArchiveError('ARCHIVE_INVALID', `a layer is no whole ${compression} file`, {
        cause: error,
      });
    },
  );
  return digest.digest();
}

function absent(what: string, name: string): ArchiveError {
  return new ArchiveError(
    'ARCHIVE_BLOB_ABSENT',
    `the archive names the ${what} ${JSON.stringify(name)}, but does not hold it`,
  );
}
