import type { CommandContext } from '../command-context.ts';

/** A role that runs. */
export interface RunningRole {
  /** Of its HTTP face. */
  readonly url: string;
  readonly peerPort: number;
  close(): Promise<void>;
}

/**
 * Starts a role, prints the line that tells whoever started it that it accepts requests, and runs it until it is told to
 * end, which is no failure.
 */
export async function runRole(
  name: 'registry' | 'agent',
  start: () => Promise<RunningRole>,
  context: CommandContext,
): Promise<void> {
  const role = await start();
  try {
    context.stdout.write(`docket ${name} ready: ${role.url} peers ${role.peerPort}\n`);
    await untilAborted(context.signal);
  } finally {
    await role.close();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
