import { codeOf, messageOf } from '../base/errors.ts';
import { printable } from './terminal/printable.ts';

/** What the shell is told. Documented: scripts rely on it. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  unauthorised: 4,
  damaged: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** How a failed command ends. */
export interface Failure {
  readonly message: string;
  /** What the user can do next. */
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;
}

const exitCodeByErrorCode: Readonly<Record<string, ExitCode>> = {
  USAGE: exitCodes.usage,
  ACCESS_INVALID: exitCodes.usage,
  AGENT_REGISTRY_INVALID: exitCodes.usage,
  CREDENTIALS_FILE_INVALID: exitCodes.usage,
  TLS_INVALID: exitCodes.usage,
  REGISTRY_OPTION_INVALID: exitCodes.usage,
  UNIT_INVALID: exitCodes.usage,
  ZONE_INVALID: exitCodes.usage,
  IP_RANGE_INVALID: exitCodes.usage,
  DIGEST_INVALID: exitCodes.usage,
  NAME_INVALID: exitCodes.usage,
  TAG_INVALID: exitCodes.usage,
  INTERRUPTED: exitCodes.interrupted,
  ARCHIVE_IMAGE_UNKNOWN: exitCodes.notFound,
  ENGINE_IMAGE_UNKNOWN: exitCodes.notFound,
  PLATFORM_UNKNOWN: exitCodes.notFound,
  BLOB_UNKNOWN: exitCodes.notFound,
  MANIFEST_UNKNOWN: exitCodes.notFound,
  NAME_UNKNOWN: exitCodes.notFound,
  UPSTREAM_NOT_FOUND: exitCodes.notFound,
  CONTENT_DAMAGED: exitCodes.damaged,
  UNAUTHORIZED: exitCodes.unauthorised,
  DENIED: exitCodes.unauthorised,
  UPSTREAM_REFUSED: exitCodes.unauthorised,
};

const hintByErrorCode: Readonly<Record<string, string>> = {
  EACCES: 'Run it as a user who may use this path, or name another one.',
  EPERM: 'Run it as a user who may do this.',
  STORAGE_LOCKED: 'End the other process, or name another folder with -l/--location.',
  STORAGE_GONE: 'Mount the volume, or name another folder with -l/--location.',
  ENOSPC: 'Free some disk space, or name another folder with -l/--location.',
  CACHE_FULL: 'Free some disk space, or name another folder with -l/--location.',
  EADDRINUSE: 'Another program uses this port: end it, or name another port.',
  MANIFEST_UNKNOWN: '`docket images` lists what the registry holds.',
  NAME_UNKNOWN: '`docket images` lists what the registry holds.',
  UNAUTHORIZED: 'This registry asks for a login, or refuses yours: see `docket login`.',
  DENIED: 'Ask whoever runs the registry for the right to do this.',
};

/** The message, hint and exit code for anything that was thrown. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error) ?? '';
  const ownHint =
    error instanceof Error && 'hint' in error && typeof error.hint === 'string'
      ? error.hint
      : undefined;
  return {
    message: fullMessage(error),
    hint: ownHint ?? hintByErrorCode[code],
    exitCode: exitCodeByErrorCode[code] ?? exitCodes.failure,
  };
}

/** The text for standard error; with `debug` the whole error follows, with its stack and causes. */
export function failureText(error: unknown, debug: boolean, detail?: string): string {
  const { message, hint } = failureOf(error);
  const lines = [`Error: ${printable(message)}`];
  if (hint !== undefined) lines.push(hint);
  if (debug) lines.push(detail ?? String(error instanceof Error ? error.stack : error));
  return `${lines.join('\n')}\n`;
}

/** Network errors may come as an empty AggregateError: then its members say what happened. */
function fullMessage(error: unknown): string {
  const message = messageOf(error).trim();
  if (message !== '') return message;
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map(messageOf).join('; ');
  }
  return codeOf(error) ?? (error instanceof Error ? error.name : 'unknown failure');
}
