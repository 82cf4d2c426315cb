import { UsageError } from '../usage-error.ts';

/** Where the local container engine's API answers. */
export type EngineAddress =
  | { readonly kind: 'socket'; readonly path: string; readonly text: string }
  | { readonly kind: 'http'; readonly origin: string; readonly text: string };

const defaultSocket = 'unix:///var/run/docker.sock';

/** Reads DOCKER_HOST as docker does: `unix:///path` or `tcp://host:port`; empty means docker's usual socket. Throws UsageError. */
export function parseEngineAddress(dockerHost: string | undefined): EngineAddress {
  const text = dockerHost === undefined || dockerHost === '' ? defaultSocket : dockerHost;
  const path = /^unix:\/\/(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'socket', path, text };
  const host = /^(?:tcp|http):\/\/([^/?#@]+)\/?$/.exec(text)?.[1];
  if (host !== undefined && URL.canParse(`http://${host}`)) {
    const url = new URL(`http://${host}`);
    if (url.port === '' && !host.endsWith(':80')) url.port = '2375';
    return { kind: 'http', origin: url.origin, text };
  }
  throw new UsageError(
    `DOCKER_HOST is "${text}": expected unix:///path/to/docker.sock or tcp://host:port`,
  );
}
