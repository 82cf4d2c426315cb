import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../base/errors.ts';
import { CliError } from '../cli-error.ts';
import { RegistryError } from './registry-error.ts';

const waits = [500, 1000, 2000, 4000];

/** Failures that the next attempt may not meet: of connections, and answers that ask for patience. */
export function isPassing(error: unknown): boolean {
  if (error instanceof CliError && error.code === 'REGISTRY_UNREACHABLE') {
    return isPassing(error.cause);
  }
  if (error instanceof RegistryError) return error.status >= 500 || error.status === 429;
  const code = codeOf(error) ?? '';
  return (
    /^(?:ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)$/.test(
      code,
    ) ||
    /^UND_ERR_(?:SOCKET|CONNECT_TIMEOUT|HEADERS_TIMEOUT|BODY_TIMEOUT|CLOSED|DESTROYED)$/.test(code)
  );
}

/** Runs `attempt` up to five times, waiting longer and longer, while its failures are passing ones. */
export async function withRetry<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (const wait of waits) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
    }
    await delay(wait * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
  return attempt();
}
