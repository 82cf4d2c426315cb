import { createHash } from 'node:crypto';
import { Agent, request } from 'undici';
import type { RateLimiter } from '../src/base/rate-limiter.ts';
import { sha256Of, type Digest } from '../src/oci/digest.ts';
import { blobsOf, parseManifest, type Descriptor } from '../src/oci/manifest.ts';
import { acceptManifests } from '../src/oci/media-type.ts';

export interface PullOptions {
  /** Base URL of a registry, or of a host's mirror. */
  readonly from: string;
  readonly repository: string;
  readonly tag: string;
  /** The manifest that the tag must stand for. */
  readonly digest: Digest;
  /** The receiving end of the host's link. */
  readonly link: RateLimiter;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Pulls an image as a container runtime does: its manifest, then config and all layers at once, each read to its end and
 * verified. Rejects when anything is missing, cut or wrong.
 */
export async function pullImage(options: PullOptions): Promise<void> {
  const { from, repository, tag, digest, signal } = options;
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  try {
    const url = `${from}/v2/${repository}/manifests/${tag}`;
    const headers = { accept: acceptManifests };
    const answer = await request(url, { dispatcher, headers, signal });
    const bytes = new Uint8Array(await answer.body.arrayBuffer());
    if (answer.statusCode !== 200) throw new Error(`${url}: status ${answer.statusCode}`);
    if (sha256Of(bytes) !== digest) throw new Error(`${url}: another manifest than was pushed`);
    const blobs = blobsOf(parseManifest(bytes));
    await Promise.all(blobs.map((blob) => pullBlob(blob, dispatcher, options)));
  } finally {
    await dispatcher.destroy();
  }
}

async function pullBlob(
  blob: Descriptor,
  dispatcher: Agent,
  { from, repository, link, onBytes, signal }: PullOptions,
): Promise<void> {
  const url = `${from}/v2/${repository}/blobs/${blob.digest}`;
  const { statusCode, body } = await request(url, { dispatcher, signal });
  if (statusCode !== 200) throw new Error(`${url}: status ${statusCode}`);
  const hash = createHash('sha256');
  for await (const chunk of body as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onBytes(chunk.length);
    await link.take(chunk.length);
  }
  if (`sha256:${hash.digest('hex')}` !== blob.digest) throw new Error(`${url}: wrong bytes`);
}
