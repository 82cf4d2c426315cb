import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OciErrorCode } from '../../oci/oci-error.ts';

/** Answers with a JSON value. */
export function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(JSON.stringify(value));
  sendBytes(request, response, status, 'application/json', body, headers);
}

/** Answers with bytes; to HEAD with their headers alone. */
export function sendBytes(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  contentType: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    ...headers,
    'content-type': contentType,
    'content-length': body.byteLength,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Answers with an error in the distribution-spec's form. */
export function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: OciErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(request, response, status, { errors: [{ code, message }] }, headers);
}
