import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { LabBlob } from './lab-blob.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** What was pushed: an image whose one layer is the blob, which nothing but its digest says anything about. */
export interface PushedBlob {
  readonly repository: string;
  readonly blob: LabBlob;
  readonly manifestDigest: string;
}

/** Pushes an image whose single layer is `blob` by the requests of the distribution-spec (end-4a, end-6, end-7). */
export async function pushBlob(
  registry: string,
  repository: string,
  tag: string,
  blob: LabBlob,
): Promise<PushedBlob> {
  const manifestDigest = await pushLayers(registry, repository, tag, [blob]);
  return { repository, blob, manifestDigest };
}

/** Pushes an image of these layers, and gives the digest of its manifest. */
export async function pushLayers(
  registry: string,
  repository: string,
  tag: string,
  layers: readonly LabBlob[],
): Promise<string> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}');
  const configDigest = digestOf(config);
  await upload(registry, repository, configDigest, config.length, config);
  for (const { digest, size, path } of layers) {
    await upload(registry, repository, digest, size, createReadStream(path));
  }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: configDigest,
      size: config.length,
    },
    layers: layers.map(({ digest, size }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest,
      size,
    })),
  });
  await call(`${registry}/v2/${repository}/manifests/${tag}`, 201, {
    method: 'PUT',
    headers: { 'content-type': manifestType },
    body: manifest,
  });
  return digestOf(Buffer.from(manifest));
}

async function upload(
  registry: string,
  repository: string,
  digest: string,
  size: number,
  body: Uint8Array | NodeJS.ReadableStream,
): Promise<void> {
  const begun = await call(`${registry}/v2/${repository}/blobs/uploads/`, 202, { method: 'POST' });
  const location = new URL(begun.headers.get('location') ?? '', registry);
  location.searchParams.set('digest', digest);
  await call(location.href, 201, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
    body: body as NonNullable<RequestInit['body']>,
    duplex: 'half',
  });
}

async function call(
  url: string,
  status: number,
  init: RequestInit & { readonly duplex?: 'half' },
): Promise<Response> {
  const answer = await fetch(url, init);
  if (answer.status !== status) {
    throw new Error(`${init.method} ${url}: ${answer.status} ${await answer.text()}`);
  }
  await answer.body?.cancel();
  return answer;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Asks for a manifest as a runtime does before it asks for blobs; gives its bytes. */
export async function getManifest(
  url: string,
  repository: string,
  reference: string,
): Promise<Uint8Array> {
  const answer = await fetch(`${url}/v2/${repository}/manifests/${reference}`, {
    headers: { accept: manifestType },
  });
  if (!answer.ok) throw new Error(`manifest: ${answer.status} ${await answer.text()}`);
  return answer.bytes();
}

/** Reads a blob to its end and gives the digest and the length of what came; throws when the body is cut. */
export async function getBlob(
  url: string,
  repository: string,
  digest: string,
  signal?: AbortSignal,
): Promise<{ readonly digest: string; readonly length: number }> {
  const answer = await fetch(
    `${url}/v2/${repository}/blobs/${digest}`,
    signal === undefined ? {} : { signal },
  );
  if (!answer.ok || answer.body === null) {
    throw new Error(`blob: ${answer.status} ${await answer.text()}`);
  }
  const hash = createHash('sha256');
  let length = 0;
  for await (const part of answer.body) {
    hash.update(part);
    length += part.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, length };
}

/** A manifest pull and then the pull of the one layer, as a runtime does both. */
export async function pull(
  url: string,
  pushed: PushedBlob,
  tag: string,
): Promise<{ readonly digest: string; readonly length: number }> {
  await getManifest(url, pushed.repository, tag);
  return getBlob(url, pushed.repository, pushed.blob.digest);
}

/** Where a registry serves the `.torrent` of a blob. */
export function torrentUrl(registry: string, repository: string, digest: string): string {
  return `${registry}/v2/${repository}/_docket/torrents/${digest}`;
}

/** The `.torrent` of a blob. */
export async function getTorrent(
  registry: string,
  repository: string,
  digest: string,
): Promise<Uint8Array> {
  const answer = await fetch(torrentUrl(registry, repository, digest));
  if (!answer.ok) throw new Error(`torrent: ${answer.status} ${await answer.text()}`);
  return answer.bytes();
}
