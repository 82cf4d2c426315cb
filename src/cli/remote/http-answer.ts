import type { Dispatcher } from 'undici';
import { isJsonObject } from '../../oci/descriptor.ts';
import { DocketError } from '../../base/errors.ts';

/** Error documents longer than this are not read further. */
const largestError = 64 * 1024;

/** A body was larger than it may be. */
export class BodyTooLargeError extends DocketError {
  constructor(limit: number) {
    super('BODY_TOO_LARGE', `the answer has more than ${limit} bytes`);
  }
}

/** The bytes of an answer's body. Throws BodyTooLargeError beyond `limit` bytes. */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new BodyTooLargeError(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What an error's body says, in one line, and the distribution-spec code in it; tells the status when it says nothing. */
export async function errorInBody(
  answer: Dispatcher.ResponseData,
): Promise<{ readonly text: string; readonly code: string | undefined }> {
  const bytes = await readBody(answer.body, largestError).catch(() => new Uint8Array());
  const raw = new TextDecoder().decode(bytes).trim();
  const status = `HTTP status ${answer.statusCode}`;
  try {
    const value: unknown = JSON.parse(raw);
    if (!isJsonObject(value)) return { text: status, code: undefined };
    const { errors, message } = value;
    if (typeof message === 'string' && message !== '') return { text: message, code: undefined };
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    if (!isJsonObject(first)) return { text: status, code: undefined };
    const code = typeof first['code'] === 'string' ? first['code'] : undefined;
    const said = typeof first['message'] === 'string' ? first['message'] : '';
    return { text: said === '' ? `${code ?? ''} (${status})` : said, code };
  } catch {
    const line = raw.split('\n', 1)[0]?.slice(0, 200) ?? '';
    return {
      text: line === '' || line.startsWith('<') ? status : `${line} (${status})`,
      code: undefined,
    };
  }
}

/** A header's value, the first when it was sent several times. */
export function headerOf(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The path of the page behind this one, as a `Link` header names it (RFC 8288); undefined when there is none here. */
export function nextPage(answer: Dispatcher.ResponseData): string | undefined {
  const [, path] = /<(\/[^>]*)>\s*;\s*rel="?next"?/.exec(headerOf(answer, 'link') ?? '') ?? [];
  return path;
}
