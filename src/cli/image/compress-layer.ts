import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { DigestStream } from './digest-stream.ts';
import { storedFile } from './file-bytes.ts';
import type { SourceBlob } from './image-source.ts';

/** The compressor's output may depend on how its input is cut, so it is always cut alike. */
const inputChunk = 128 * 1024;

/** A gzip header's byte that names the system; 255 is "unknown" (RFC 1952). */
const systemByte = 9;

/**
 * Compresses the file `from` into the new file `to`. The same bytes give the same result, whenever and wherever it is
 * done with the same zlib: no time, no name and no system stand in the header. `onBytes` is told how many bytes were read.
 */
export async function compressLayer(
  from: string,
  to: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => {},
): Promise<SourceBlob> {
  const digest = new DigestStream();
  const input = createReadStream(from, { highWaterMark: inputChunk });
  input.on('data', () => onBytes(input.bytesRead));
  await pipeline(
    input,
    createGzip({ level: 6, chunkSize: inputChunk }),
    withoutSystem(),
    digest,
    createWriteStream(to, { flags: 'wx', mode: 0o600 }),
    { signal },
  );
  return { ...storedFile(to, digest.size), digest: digest.digest() };
}

function withoutSystem(): Transform {
  let position = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      const at = systemByte - position;
      if (at >= 0 && at < chunk.length) chunk[at] = 255;
      position += chunk.length;
      done(null, chunk);
    },
  });
}
