import { isJsonObject } from '../oci/descriptor.ts';
import type { Exchange } from './exchange.ts';
import { readBody } from './request-body.ts';
import { RequestError } from './request-error.ts';

const largestBody = 64 * 1024;

/** The JSON object in the body of a request to Docket's own API, which may have the keys `known`. Throws RequestError. */
export async function readJsonBody(
  { request }: Exchange,
  known: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  // Browsers send this type only to where they are allowed to.
  if (request.headers['content-type']?.split(';', 1)[0]?.trim() !== 'application/json') {
    throw new RequestError('the body must be JSON, with Content-Type application/json');
  }
  const value = parse(await readBody(request, largestBody));
  if (!isJsonObject(value)) throw wrongBody('it must be a JSON object');
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw wrongBody(`it has "${unknown}", which means nothing here`);
  return value;
}

/** What is wrong with the body, for the client. */
export function wrongBody(what: string): RequestError {
  return new RequestError(`the body is wrong: ${what}`);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
