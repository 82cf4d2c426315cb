import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { packTar, type TarSource } from 'modern-tar/fs';
import { digestFromHex, digestHex, sha256Of, type Digest } from '../src/oci/digest.ts';
import { mediaTypes } from '../src/oci/media-type.ts';
import { contentOf, type Slice } from './content.ts';

/** An image in an OCI layout on disk. */
export interface DemoImage {
  readonly layout: string;
  readonly digest: Digest;
  /** Bytes of config and layers. */
  readonly size: number;
  readonly layerCount: number;
}

interface Blob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** The parts of the whole that the layers are, as an application on a base image has them. */
const layerShares = [0.4, 0.25, 0.2, 0.1, 0.05];
/** What ends a tar archive. */
const trailer = 1024;

/** Makes an image of about `size` bytes out of real files, as an OCI layout in `folder`. Rejects with the signal's reason. */
export async function makeImage(
  folder: string,
  checkout: string,
  size: number,
  signal: AbortSignal,
): Promise<DemoImage> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const lengths = layerShares.map((share) => size * share - trailer);
  const layers: Blob[] = [];
  for (const slices of await contentOf(checkout, lengths, signal)) {
    layers.push(await writeLayer(blobs, slices, signal));
  }
  const config = await writeJson(blobs, mediaTypes.ociConfig, {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Entrypoint: ['/usr/local/bin/node'] },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
  });
  const manifest = await writeJson(blobs, mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers,
  });
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [manifest] };
  await writeFile(join(folder, 'index.json'), JSON.stringify(index));
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return {
    layout: folder,
    digest: manifest.digest,
    size: layers.reduce((sum, layer) => sum + layer.size, config.size),
    layerCount: layers.length,
  };
}

async function writeLayer(
  blobs: string,
  slices: readonly Slice[],
  signal: AbortSignal,
): Promise<Blob> {
  const sources = slices.map((slice): TarSource => ({
    type: 'stream',
    content: Readable.from(read(slice)),
    size: slice.length,
    target: slice.target,
    mtime: new Date(0),
    mode: 0o755,
  }));
  const hash = createHash('sha256');
  let size = 0;
  const unnamed = join(blobs, 'layer');
  await pipeline(
    packTar(sources),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(unnamed),
    { signal },
  );
  const hex = hash.digest('hex');
  await rename(unnamed, join(blobs, hex));
  return { mediaType: mediaTypes.ociLayer, digest: digestFromHex('sha256', hex), size };
}

/** Opens the file only when its turn comes. */
async function* read({ source, offset, length }: Slice): AsyncGenerator<Buffer> {
  if (length > 0) yield* createReadStream(source, { start: offset, end: offset + length - 1 });
}

async function writeJson(blobs: string, mediaType: string, content: object): Promise<Blob> {
  const bytes = Buffer.from(JSON.stringify(content));
  const digest = sha256Of(bytes);
  await writeFile(join(blobs, digestHex(digest)), bytes);
  return { mediaType, digest, size: bytes.length };
}
