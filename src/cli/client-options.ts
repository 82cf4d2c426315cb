import type { Command } from 'commander';
import { registryUrl } from './registry-url.ts';
import { UsageError } from './usage-error.ts';

/** The client's options as they were typed, before or after the verb. */
export interface TypedClientOptions {
  readonly host?: string;
  readonly port?: string;
  readonly location?: string;
}

/** Where a client command works. */
export interface ClientOptions {
  /** The registry's URL without a slash at the end, for an image whose name holds this host, or none. */
  registryFor(host: string | undefined): string;
  /** The folder for what is fetched and made on the way. */
  readonly location: string;
}

export const defaultLocation = '/tmp/docket';

/** Declares the client's options on the program and on each client verb, so that they may stand on either side. */
export function addClientOptions(command: Command): Command {
  return command
    .option('-h, --host <host>', 'the registry (env DOCKET_HOST; default http://127.0.0.1)')
    .option('-p, --port <port>', "the registry's port (env DOCKET_PORT; default 8000)")
    .option(
      '-l, --location <folder>',
      `folder for what is fetched or made on the way (env DOCKET_LOCATION; default ${defaultLocation})`,
    );
}

/** Options after the verb count before those in front of it, these before the environment. Throws UsageError. */
export function resolveClientOptions(
  before: TypedClientOptions,
  after: TypedClientOptions,
  env: Readonly<Record<string, string | undefined>>,
): ClientOptions {
  const host = after.host ?? before.host ?? nonEmpty(env['DOCKET_HOST']);
  const port = after.port ?? before.port;
  const fallbackPort = nonEmpty(env['DOCKET_PORT']);
  const location =
    after.location ?? before.location ?? nonEmpty(env['DOCKET_LOCATION']) ?? defaultLocation;
  if (location === '') throw new UsageError('--location is empty: expected a folder');
  return {
    registryFor: (imageHost) =>
      registryUrl(host ?? imageHost ?? 'http://127.0.0.1', port, fallbackPort),
    location,
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
