import type { Files } from '../files.ts';
import { isUploadId } from '../upload-file.ts';

/** A stretch of an upload: all but the last have the same length. */
export interface UploadChunk {
  readonly index: number;
  /** Bytes. */
  length: number;
  /** True when its object is in the bucket and it is no file any more. */
  isSent: boolean;
  /** True when its object may be in the bucket: it was begun to be sent. */
  mayBeThere: boolean;
}

export function emptyChunk(index: number): UploadChunk {
  return { index, length: 0, isSent: false, mayBeThere: false };
}

/** The most parts of an object in S3. */
export const mostChunks = 10_000;

/** The name of a chunk's object. */
export function chunkObject(id: string, index: number): string {
  return `uploads/${id}/${number(index)}`;
}

/** The name of a chunk's file. */
export function chunkFile(id: string, index: number): string {
  return `${id}.${number(index)}`;
}

/** The upload and the number of a chunk's object or file; undefined when it is none. */
export function parseChunkName(
  name: string,
): { readonly id: string; readonly index: number } | undefined {
  const match = /^(?:uploads\/)?([0-9a-f-]{36})[./](\d{5})$/.exec(name);
  const id = match?.[1] ?? '';
  return isUploadId(id) ? { id, index: Number(match?.[2]) } : undefined;
}

function number(index: number): string {
  return String(index).padStart(5, '0');
}

/** A file's bytes in memory, at most a chunk. Throws what the system says. */
export async function bytesOf(path: string, length: number, files: Files): Promise<Uint8Array> {
  await using file = await files.open(path, 'r');
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, at);
    if (bytesRead === 0) throw new Error(`${path} ended too early`);
    at += bytesRead;
  }
  return bytes;
}
