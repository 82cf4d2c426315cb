import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Transform } from 'node:stream';
import {
  compressionMagicLength,
  compressionOf,
  type LayerCompression,
} from '../../oci/archive-compose.ts';

/** A stream that unpacks, or undefined for what is not packed. */
export function decompressor(compression: LayerCompression): Transform | undefined {
  if (compression === 'none') return undefined;
  return compression === 'gzip' ? createGunzip() : createZstdDecompress();
}

/** Tells the compression of a stream by its first bytes, and gives the stream back whole. */
export async function sniffCompression(
  source: Readable,
): Promise<{ readonly compression: LayerCompression; readonly stream: Readable }> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let start = new Uint8Array();
  let ended = false;
  while (start.length < compressionMagicLength && !ended) {
    const { done, value } = await chunks.next();
    if (done === true) ended = true;
    else start = Buffer.concat([start, value]);
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      yield start;
      for (;;) {
        const { done, value } = await chunks.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      source.destroy();
    }
  }
  return {
    compression: compressionOf(start),
    stream: Readable.from(whole(), { objectMode: false }),
  };
}
