import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a shell command to its end, for 30 seconds at most. Rejects when it fails. */
export async function runCommand(command: string, signal: AbortSignal): Promise<void> {
  await promisify(execFile)('sh', ['-c', command], { signal, timeout: 30_000 });
}
