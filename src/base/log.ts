import { pino, destination } from 'pino';
import { hidden, redact } from './redact.ts';

/** Structured log: fields first, then a sentence. Never put secrets in it; what looks like one is hidden all the same. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * A log of JSON lines on standard error; standard output is for data. What peers and trackers said stands in it escaped, so that
 * it can be looked at in a terminal.
 */
export function createLog(level: LogLevel): Log {
  const { isoTime } = pino.stdTimeFunctions;
  const hooks = { streamWrite: (line: string): string => redact(escapeRest(line)) };
  const hiding = { paths: [...secretFields], censor: hidden };
  return pino({ level, base: null, timestamp: isoTime, hooks, redact: hiding }, destination(2));
}

/** Fields that are never written. */
const secretFields = ['authorization', 'cookie', 'password', 'secret', 'token'].flatMap((name) => [
  name,
  `headers.${name}`,
]);

/** JSON escapes the control characters of ASCII, but not those beyond, nor the marks that turn text around. */
function escapeRest(line: string): string {
  return line.replaceAll(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
