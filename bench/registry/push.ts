import { createHash } from 'node:crypto';
import { headerOf, requestOf, type Answer, type Connection } from './connection.ts';
import type { StreamBlob } from './stream-blob.ts';

/** Pushes a blob as docker does: begins an upload, streams one PATCH, ends with a PUT. */
export async function pushStream(
  connection: Connection,
  repository: string,
  blob: StreamBlob,
  digest: string,
): Promise<void> {
  const upload = await beginUpload(connection, repository);
  const headers = {
    'Content-Length': blob.length,
    'Content-Type': 'application/octet-stream',
  };
  const received = connection.expect();
  await connection.send(requestOf('PATCH', upload, headers));
  // One block on its way while the next is handed over.
  let last: Promise<void> = Promise.resolve();
  for (const block of blob.blocks()) {
    const sent = connection.send(block);
    sent.catch(() => {});
    await last;
    last = sent;
  }
  const answer = await received;
  expectStatus(answer, 202);
  await finishUpload(connection, locationOf(answer), digest);
}

/** A blob that fits into memory. */
export interface SmallBlob {
  readonly bytes: Buffer;
  readonly digest: string;
}

export function smallBlob(bytes: Buffer): SmallBlob {
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

/** Pushes a blob as containerd does: begins an upload, and ends it with one PUT. */
export async function pushSmall(
  connection: Connection,
  repository: string,
  { bytes, digest }: SmallBlob,
): Promise<void> {
  const upload = await beginUpload(connection, repository);
  await finishUpload(connection, upload, digest, bytes);
}

/** An image of one layer. */
export interface SmallImage {
  readonly config: SmallBlob;
  readonly layer: SmallBlob;
  readonly manifest: Buffer;
}

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';

export function smallImage(layer: Buffer, name: string): SmallImage {
  const blob = smallBlob(layer);
  const config = smallBlob(
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'], Labels: { name } },
        rootfs: { type: 'layers', diff_ids: [blob.digest] },
      }),
    ),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: config.digest,
        size: config.bytes.length,
      },
      layers: [
        {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest: blob.digest,
          size: layer.length,
        },
      ],
    }),
  );
  return { config, layer: blob, manifest };
}

export async function pushImage(
  connection: Connection,
  repository: string,
  tag: string,
  image: SmallImage,
): Promise<void> {
  await pushSmall(connection, repository, image.layer);
  await pushSmall(connection, repository, image.config);
  const head = requestOf('PUT', `/v2/${repository}/manifests/${tag}`, {
    'Content-Type': manifestType,
    'Content-Length': image.manifest.length,
  });
  expectStatus(await connection.ask(Buffer.concat([Buffer.from(head), image.manifest])), 201);
}

async function beginUpload(connection: Connection, repository: string): Promise<string> {
  const path = `/v2/${repository}/blobs/uploads/`;
  const answer = await connection.ask(requestOf('POST', path, { 'Content-Length': 0 }));
  expectStatus(answer, 202);
  return locationOf(answer);
}

async function finishUpload(
  connection: Connection,
  path: string,
  digest: string,
  bytes: Buffer = Buffer.alloc(0),
): Promise<void> {
  const head = requestOf('PUT', `${path}${path.includes('?') ? '&' : '?'}digest=${digest}`, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': bytes.length,
  });
  expectStatus(await connection.ask(Buffer.concat([Buffer.from(head), bytes])), 201);
}

/** Where to go on, as a path. */
function locationOf({ head }: Answer): string {
  const location = headerOf(head, 'location');
  if (location === undefined) throw new Error(`no Location: ${head}`);
  return location.replace(/^https?:\/\/[^/]*/, '');
}

/** Throws unless the answer has the status. */
export function expectStatus(answer: Answer, status: number): void {
  if (answer.status === status) return;
  throw new Error(`${status} expected, but: ${answer.head}`);
}
