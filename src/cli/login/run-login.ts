import type { Readable } from 'node:stream';
import { RegistryConnection } from '../remote/registry-connection.ts';
import type { ClientContext } from '../command-context.ts';
import { UsageError } from '../usage-error.ts';
import { CredentialStore } from './credential-store.ts';
import { readPassword } from './read-password.ts';

export interface LoginOptions {
  readonly username?: string;
  readonly passwordStdin?: true;
}

/** `docket login`: tries a name and a password at the registry, and keeps them when they are right. */
export async function runLogin(
  host: string | undefined,
  options: LoginOptions,
  context: ClientContext,
  input: Readable & { readonly isTTY?: boolean },
): Promise<void> {
  const { username } = options;
  if (username === undefined || username === '' || username.includes(':')) {
    throw new UsageError('who is it? expected -u/--username <name>, without a colon');
  }
  if (options.passwordStdin !== true && input.isTTY !== true) {
    throw new UsageError('there is no terminal to ask for the password: expected --password-stdin');
  }
  const url = new URL(context.client.registryFor(host));
  const password = await readPassword(input, context.stderr, context.signal);
  if (password === '') throw new UsageError('the password is empty');
  const credentials = { username, password };
  await using connection = new RegistryConnection(url.href.replace(/\/$/, ''), () =>
    Promise.resolve(credentials),
  );
  const answer = await connection.send('/v2/', { method: 'GET', signal: context.signal });
  if (answer.statusCode !== 200) throw await connection.refusal(answer);
  await answer.body.dump();
  const store = new CredentialStore(context.env);
  await store.keep(url, credentials);
  context.stderr.write(`Logged in at ${url.host} as ${username}; kept in ${store.path}\n`);
}

/** `docket logout`: forgets the login for the registry. */
export async function runLogout(host: string | undefined, context: ClientContext): Promise<void> {
  const url = new URL(context.client.registryFor(host));
  const isGone = await new CredentialStore(context.env).forget(url);
  context.stderr.write(
    isGone ? `Logged out of ${url.host}\n` : `There was no login for ${url.host}\n`,
  );
}
