import type { Credentials } from '../../agent/upstream/registry-login.ts';
import type { ClientContext } from '../command-context.ts';
import { CredentialStore } from '../login/credential-store.ts';
import { RegistryClient } from './registry-client.ts';
import { RegistryConnection } from './registry-connection.ts';

/** A connection to the registry for images of `host`, or none, with the login that is kept for it. */
export function connect(context: ClientContext, host: string | undefined): RegistryConnection {
  const url = context.client.registryFor(host);
  return new RegistryConnection(url, loginFor(context, url));
}

/** As `connect`, for images. */
export function connectClient(context: ClientContext, host: string | undefined): RegistryClient {
  const url = context.client.registryFor(host);
  return new RegistryClient(url, loginFor(context, url));
}

/** The login that is kept for a registry, looked up when it is needed. */
export function loginFor(
  { env }: Pick<ClientContext, 'env'>,
  url: string,
): () => Promise<Credentials | undefined> {
  const store = new CredentialStore(env);
  return () => store.find(new URL(url));
}
