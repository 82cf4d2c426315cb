import type { RangeClient } from '../../swarm/web-seed-client.ts';
import type { RegistryLogin } from './registry-login.ts';

/** Web seeds that are asked with the login for the registry, where they are that. */
export function authorizedRanges(client: RangeClient, login: RegistryLogin): RangeClient {
  return {
    async *range(url, first, last, headers, signal) {
      const own = await login.headers('GET', new URL(url));
      yield* client.range(url, first, last, { ...headers, ...own }, signal);
    },
    close: () => client.close(),
  };
}
