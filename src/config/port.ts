import { ValueError } from './value-error.ts';

/** A port that others can connect to, 1 to 65535. Throws ValueError. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 1 && port <= 65_535) return port;
  throw new ValueError(`"${text}" is not a port: expected a number from 1 to 65535`);
}

/** A port to listen on; 0 lets the system choose one. Throws ValueError. */
export function parseListenPort(text: string): number {
  return text === '0' ? 0 : parsePort(text);
}
