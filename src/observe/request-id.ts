import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The header, as Node gives it. */
export const requestIdHeader = 'x-request-id';

/** The id of a request: the one that its client or a proxy gave it, when that is fit for a log, else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers[requestIdHeader];
  return typeof given === 'string' && /^[\w.:~+/=-]{1,128}$/.test(given) ? given : randomUUID();
}
