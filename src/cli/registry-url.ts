import { parsePort } from '../config/port.ts';
import { UsageError } from './usage-error.ts';

export const defaultPort = 8000;
const schemes = ['http', 'https'] as const;

/** A host as it was typed, taken apart. */
interface TypedHost {
  readonly scheme: (typeof schemes)[number] | undefined;
  readonly host: string;
  readonly port: number | undefined;
}

/**
 * The registry's address, without a path or a slash at the end. `host` may carry a scheme (default `http`) and a port.
 * A port that was typed as an option counts before the host's own, and that before `fallbackPort`; without any of them
 * it is 8000, or 443 for https. Throws UsageError and ValueError.
 */
export function registryUrl(
  host: string,
  port: string | undefined,
  fallbackPort: string | undefined,
): string {
  const typed = parseHost(host);
  const scheme = typed.scheme ?? 'http';
  const chosen =
    (port === undefined ? undefined : parsePort(port)) ??
    typed.port ??
    (fallbackPort === undefined ? undefined : parsePort(fallbackPort)) ??
    (scheme === 'https' ? 443 : defaultPort);
  const url = new URL(`${scheme}://${typed.host}`);
  url.port = String(chosen);
  return url.origin;
}

function parseHost(text: string): TypedHost {
  const match =
    /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[0-9a-f:.]+\]|[^:/?#@[\]\s]+)(?::(\d+))?\/?$/i.exec(text);
  const host = match?.[2];
  const scheme = match?.[1]?.toLowerCase();
  if (host === undefined || !URL.canParse(`http://${host}`)) {
    throw new UsageError(
      `"${text}" is not a registry's host: expected a name like http://registry.example or 10.0.0.5:8000`,
    );
  }
  const known = schemes.find((one) => one === scheme);
  if (scheme !== undefined && known === undefined) {
    throw new UsageError(`"${text}" has the scheme ${scheme}: expected http or https`);
  }
  return {
    scheme: known,
    host,
    port: match?.[3] === undefined ? undefined : parsePort(match[3]),
  };
}
