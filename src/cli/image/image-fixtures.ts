import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { packTar, type TarEntry } from 'modern-tar';
import { blobPath, layoutMarker } from '../../oci/archive-layout.ts';
import { digestHex, sha256Of, type Digest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-type.ts';

/** An image as an engine holds it: layers uncompressed. */
export interface FixtureImage {
  readonly config: Uint8Array;
  /** The image's ID. */
  readonly id: Digest;
  readonly layers: readonly Uint8Array[];
  readonly diffIds: readonly Digest[];
}

const mtime = new Date(0);

/** A folder that is removed after the test. */
export async function testFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'docket-cli-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A file entry of a tar. */
export function fileEntry(name: string, bytes: Uint8Array | string): TarEntry {
  const body = Buffer.from(bytes);
  return { header: { name, size: body.length, mtime }, body };
}

export function symlinkEntry(name: string, linkname: string): TarEntry {
  return { header: { name, size: 0, type: 'symlink', linkname, mtime } };
}

export function hardLinkEntry(name: string, linkname: string): TarEntry {
  return { header: { name, size: 0, type: 'link', linkname, mtime } };
}

export async function tarOf(entries: readonly TarEntry[]): Promise<Uint8Array> {
  return await packTar(entries);
}

/** A stream of `bytes` in pieces of odd size, as a network gives them. */
export function streamOf(bytes: Uint8Array, piece = 1021): Readable {
  function* pieces(): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** An image whose layers are tars of one file each with the given content. */
export async function fixtureImage(
  contents: readonly string[],
  config: object = {},
): Promise<FixtureImage> {
  const layers = await Promise.all(contents.map((content) => tarOf([fileEntry('file', content)])));
  const diffIds = layers.map(sha256Of);
  const document = {
    architecture: 'amd64',
    os: 'linux',
    ...config,
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { config: bytes, id: sha256Of(bytes), layers, diffIds };
}

/** What `docker save` wrote until 24: a folder for each layer, equal layers as symbolic links, manifest.json last. */
export function oldDockerEntries(image: FixtureImage, tags: readonly string[]): TarEntry[] {
  const entries: TarEntry[] = [];
  const layers = image.layers.map((layer, index) => {
    const folder = digestHex(sha256Of(Buffer.from(`v1 ${index}`)));
    const first = image.diffIds.indexOf(image.diffIds[index] as Digest);
    const name = `${folder}/layer.tar`;
    entries.push(fileEntry(`${folder}/VERSION`, '1.0'), fileEntry(`${folder}/json`, '{}'));
    const firstFolder = digestHex(sha256Of(Buffer.from(`v1 ${first}`)));
    entries.push(
      first === index ? fileEntry(name, layer) : symlinkEntry(name, `../${firstFolder}/layer.tar`),
    );
    return name;
  });
  const config = `${digestHex(image.id)}.json`;
  return [...entries, fileEntry(config, image.config), manifestEntry(config, tags, layers)];
}

/** What `docker save` writes since 25 without containerd's store: a layout whose layers are uncompressed. */
export function newDockerEntries(image: FixtureImage, tags: readonly string[]): TarEntry[] {
  const { bytes, digest } = ociManifest(image);
  const blobs = [
    ...image.layers.map((layer) => fileEntry(blobPath(sha256Of(layer)), layer)),
    fileEntry(blobPath(image.id), image.config),
    fileEntry(blobPath(digest), bytes),
  ];
  const index = indexText([
    {
      mediaType: mediaTypes.ociManifest,
      digest,
      size: bytes.length,
      annotations: {
        'io.containerd.image.name': `docker.io/${tags[0]}`,
        'org.opencontainers.image.ref.name': tags[0]?.split(':')[1] ?? '',
      },
    },
  ]);
  return [
    ...blobs,
    fileEntry('index.json', index),
    manifestEntry(blobPath(image.id), tags, image.diffIds.map(blobPath)),
    fileEntry('oci-layout', layoutMarker),
  ];
}

/** What podman writes: layers at the root, and links to them. */
export function podmanEntries(image: FixtureImage, tags: readonly string[]): TarEntry[] {
  const names = image.diffIds.map((diffId) => `${digestHex(diffId)}.tar`);
  const config = `${digestHex(image.id)}.json`;
  return [
    ...image.layers.map((layer, index) => fileEntry(names[index] as string, layer)),
    fileEntry(config, image.config),
    ...names.map((name, index) => symlinkEntry(`v1-${index}/layer.tar`, `../${name}`)),
    manifestEntry(config, tags, names),
  ];
}

export function manifestEntry(
  config: string,
  tags: readonly string[] | null,
  layers: readonly string[],
): TarEntry {
  const list = [{ Config: config, RepoTags: tags, Layers: layers }];
  return fileEntry('manifest.json', JSON.stringify(list));
}

/** An OCI manifest of the image as it is, uncompressed. */
export function ociManifest(image: FixtureImage): {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
} {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: image.id, size: image.config.length },
      layers: image.layers.map((layer) => ({
        mediaType: mediaTypes.ociLayer,
        digest: sha256Of(layer),
        size: layer.length,
      })),
    }),
  );
  return { bytes, digest: sha256Of(bytes) };
}

export function indexText(manifests: readonly object[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
}

/** A blob store for layouts: adds documents and gives descriptors. */
export class LayoutFixture {
  readonly #files = new Map<string, Uint8Array>([['oci-layout', Buffer.from(layoutMarker)]]);

  add(mediaType: string, content: Uint8Array | string, more: object = {}) {
    const bytes = Buffer.from(content);
    const digest = sha256Of(bytes);
    this.#files.set(blobPath(digest), bytes);
    return { mediaType, digest, size: bytes.length, ...more };
  }

  /** An image manifest with a config and layers of the given content. */
  image(layers: readonly string[], more: object = {}, config = '{}') {
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: this.add(mediaTypes.ociConfig, config),
      layers: layers.map((layer) => this.add(mediaTypes.ociLayerGzip, layer)),
    };
    return this.add(mediaTypes.ociManifest, JSON.stringify(manifest), more);
  }

  index(manifests: readonly object[], more: object = {}) {
    return this.add(mediaTypes.ociIndex, indexText(manifests), more);
  }

  /** Makes these the roots of the layout. */
  roots(manifests: readonly object[]): this {
    this.#files.set('index.json', Buffer.from(indexText(manifests)));
    return this;
  }

  /** Puts something else where a blob is, or removes it. */
  replace(digest: Digest, bytes: Uint8Array | undefined): this {
    if (bytes === undefined) this.#files.delete(blobPath(digest));
    else this.#files.set(blobPath(digest), bytes);
    return this;
  }

  entries(): TarEntry[] {
    return [...this.#files].map(([name, bytes]) => fileEntry(name, bytes));
  }

  async writeTo(folder: string): Promise<void> {
    for (const [name, bytes] of this.#files) {
      const file = path.join(folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
  }
}
