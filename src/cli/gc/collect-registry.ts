import { createInterface } from 'node:readline';
import { CliError } from '../cli-error.ts';
import type { RegistryConnection } from '../remote/registry-connection.ts';
import { parseGone, type GoneSummary } from './gone.ts';
import type { CollectRequest } from './run-gc.ts';

/** Has a registry that runs collect its garbage. Throws CliError and RegistryError. */
export async function collectRegistry(
  connection: RegistryConnection,
  { dryRun, grace, signal, onGone }: CollectRequest,
): Promise<GoneSummary> {
  const answer = await connection.send('/api/v1/gc', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ dryRun, grace }),
    signal,
  });
  if (answer.statusCode !== 200) throw await connection.refusal(answer);
  for await (const line of createInterface({ input: answer.body, crlfDelay: Infinity })) {
    // The registry sends an empty line when it has nothing to say for a while.
    if (line === '') continue;
    const gone = parseGone(line);
    if ('summary' in gone) return gone.summary;
    onGone(gone.item);
  }
  signal.throwIfAborted();
  throw new CliError('REGISTRY_FAILED', 'the garbage collection broke off');
}
