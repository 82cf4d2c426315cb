import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { packTar, type TarSource } from 'modern-tar/fs';
import type { LabBlob } from './lab-blob.ts';
import type { Lab } from './lab.ts';
import { findProgram } from './program.ts';
import { writeRandomFile } from './random-file.ts';

/** An image as an OCI layout. */
export interface LabImage {
  /** The folder of the layout, in which the image is tagged `latest`: `oci:FOLDER:latest` for skopeo. */
  readonly layout: string;
  /** The digest of the manifest. */
  readonly digest: string;
  readonly manifest: Uint8Array;
  readonly config: LabBlob;
  readonly layers: readonly LabBlob[];
  /** Bytes of config and layers: one copy of the image. */
  readonly size: number;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/**
 * An image that has a layer of random bytes, which nothing can compress, in the file `/data/INDEX` for each length in
 * `lengths`; and before those, unless it need not run, a layer with /bin/busybox.
 */
export async function makeImage(
  lab: Lab,
  name: string,
  lengths: readonly number[],
  { runnable = true }: { readonly runnable?: boolean } = {},
): Promise<LabImage> {
  const layout = await lab.newFolder(name);
  const blobs = join(layout, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const layers = runnable ? [await makeLayer(blobs, [busyboxFile()])] : [];
  for (const [index, length] of lengths.entries()) {
    const source = join(lab.folder, `${name}-${index}`);
    await writeRandomFile(source, length);
    layers.push(await makeLayer(blobs, [{ type: 'file', source, target: `data/${index}` }]));
    await rm(source);
  }
  const config = await putJson(blobs, {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    created: new Date().toISOString(),
    config: { Cmd: ['/bin/busybox', 'echo', `this is ${name}`] },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
  });
  const content = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: config.digest,
      size: config.size,
    },
    layers: layers.map(({ digest, size }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size,
    })),
  };
  const { digest, size: manifestSize } = await putJson(blobs, content);
  const entry = {
    mediaType: manifestType,
    digest,
    size: manifestSize,
    annotations: { 'org.opencontainers.image.ref.name': 'latest' },
  };
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [entry] }),
  );
  const size = layers.reduce((sum, layer) => sum + layer.size, config.size);
  return { layout, digest, manifest: Buffer.from(JSON.stringify(content)), config, layers, size };
}

/** Writes a tar of a root file system with a runnable /bin/busybox, as `docker import` takes it. */
export async function writeBusyboxTar(path: string): Promise<void> {
  await pipeline(packTar([busyboxFile()]), createWriteStream(path));
}

function busyboxFile(): TarSource {
  const source = findProgram('busybox');
  if (source === undefined) throw new Error('busybox is not installed');
  return { type: 'file', source, target: 'bin/busybox', mode: 0o755 };
}

async function makeLayer(
  blobs: string,
  sources: TarSource[],
): Promise<LabBlob & { readonly diffId: string }> {
  const whole = createHash('sha256');
  const packed = createHash('sha256');
  const temporary = join(blobs, 'layer');
  // The bytes are random: level 1 finds nothing to squeeze and costs the least.
  await pipeline(
    packTar(sources),
    hashing(whole),
    createGzip({ level: 1 }),
    hashing(packed),
    createWriteStream(temporary),
  );
  const hex = packed.digest('hex');
  const path = join(blobs, hex);
  await rename(temporary, path);
  const { size } = await stat(path);
  return { digest: `sha256:${hex}`, size, path, diffId: `sha256:${whole.digest('hex')}` };
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(part: Uint8Array, _encoding, done) {
      hash.update(part);
      done(null, part);
    },
  });
}

async function putJson(blobs: string, content: object): Promise<LabBlob> {
  const bytes = Buffer.from(JSON.stringify(content));
  const hex = createHash('sha256').update(bytes).digest('hex');
  const path = join(blobs, hex);
  await writeFile(path, bytes);
  return { digest: `sha256:${hex}`, size: bytes.length, path };
}
