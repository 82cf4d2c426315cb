import type { IncomingMessage } from 'node:http';
import type { RateLimiter } from '../base/rate-limiter.ts';
import { abortable } from '../base/abortable.ts';
import { OciError } from '../oci/oci-error.ts';
import type { UploadBody } from '../registry/upload-session.ts';

/** True when the request has, or may have, a body of at least one byte. */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || contentLength(request) !== 0;
}

/** The length that the client announced; undefined for a chunked body. */
export function bodyLength(request: IncomingMessage): number | undefined {
  return request.headers['transfer-encoding'] === undefined ? contentLength(request) : undefined;
}

/** A request's body, received over the shared link. `onBytes` hears of each chunk; `signal` aborts when the client has gone. */
export function receiveBody(
  request: IncomingMessage,
  limiter: RateLimiter,
  onBytes: (count: number) => void,
  signal: AbortSignal,
): UploadBody {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    // A body that is refused midway must not take the connection with it: the answer goes over that.
    const bytes: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
    for await (const chunk of bytes) {
      onBytes(chunk.length);
      const turn = limiter.take(chunk.length);
      // What came is kept, also when nothing more will.
      if (turn !== undefined) await abortable(turn, signal).catch(() => {});
      yield chunk;
    }
  }
  return {
    chunks: chunks(),
    length: bodyLength(request),
    stop: (reason) => void request.destroy(reason),
  };
}

/** A whole body in memory. Throws OciError SIZE_INVALID as soon as it exceeds `largest` bytes. */
export async function readBody(request: IncomingMessage, largest: number): Promise<Buffer> {
  const tooLarge = (): OciError =>
    new OciError('SIZE_INVALID', `the body may have at most ${largest} bytes`);
  if (contentLength(request) > largest) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  // Not `for await`: leaving that would destroy the connection before the answer.
  return await new Promise<Buffer>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > largest) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client has gone')));
  });
}

function contentLength(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? 0);
}
