/**
 * The root of all errors that Docket raises on purpose. `code` is stable and documented: match on it, never on the
 * message. Storage and engine errors never mention HTTP; `server` and `agent/mirror` map codes to statuses, and `cli`
 * maps them to exit codes.
 */
export class DocketError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The text of anything that was thrown, for logs and messages. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of anything that was thrown (`ENOENT`, `BLOB_UNKNOWN`…), or undefined. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
