import { abortable } from '../../base/abortable.ts';
import type { CommandContext } from '../command-context.ts';
import { folderFailure, isFolderRefusal, rootCause } from '../folder-failure.ts';

/** A role that runs. */
export interface RunningRole {
  /** Of its HTTP face. */
  readonly url: string;
  readonly peerPort: number;
  /** Reads again what it was told by files, when it can. */
  readonly reload?: (() => Promise<void>) | undefined;
  close(): Promise<void>;
}

/**
 * Starts a role, prints the line that tells whoever started it that it accepts requests, and runs it until it is told to
 * end, which is no failure; to be told before it is ready is one. Throws CliError FOLDER_UNUSABLE when `location` cannot be
 * used, the signal's reason when that aborts first, and what starting fails with.
 */
export async function runRole(
  name: 'registry' | 'agent',
  location: string,
  start: () => Promise<RunningRole>,
  context: CommandContext,
): Promise<void> {
  const role = await started(location, start, context.signal);
  const { reload } = role;
  // Daemons are told so to read their files again.
  const giveBack = reload && context.onHangup?.(() => void reload());
  try {
    context.stdout.write(`docket ${name} ready: ${role.url} peers ${role.peerPort}\n`);
    await untilAborted(context.signal);
  } finally {
    giveBack?.();
    await role.close();
  }
}

/** Starting may hang, on a disk or a name server: whoever asks it to end does not wait for it. */
async function started(
  location: string,
  start: () => Promise<RunningRole>,
  signal: AbortSignal,
): Promise<RunningRole> {
  const starting = start();
  try {
    return await abortable(starting, signal);
  } catch (error) {
    if (signal.aborted) void starting.then((role) => role.close()).catch(() => {});
    if (!signal.aborted && isFolderRefusal(location, error)) {
      throw folderFailure(location, rootCause(error));
    }
    throw error;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
