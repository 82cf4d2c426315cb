import { docket } from '../test/lab/docket.ts';
import { Program } from '../test/lab/program.ts';

/** A role of Docket in a process of its own, as an operator starts it. It dies with this process. */
export interface RoleProcess {
  readonly url: string;
  /** Resolves, with its last words, when the process has ended. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Runs `docket registry` or `docket agent`; resolves when it accepts requests. */
export async function startRole(
  role: 'registry' | 'agent',
  options: readonly string[],
): Promise<RoleProcess> {
  const program = new Program([...docket, role, ...options, '--log-level', 'warn'], {
    name: `docket ${role}`,
  });
  try {
    const ready = await program.line(/^docket \w+ ready: http:\/\/\S+:(\d+) peers \d+$/);
    return {
      url: `http://127.0.0.1:${ready[1]}`,
      ended: program.ended.then(() => program.report(10)),
      async stop() {
        await program.stop();
      },
    };
  } catch (error) {
    await program.kill();
    throw error;
  }
}

/** Runs a command of `docket` to its end; rejects, with what it said, when it fails, and when the signal aborts. */
export async function runDocket(command: readonly string[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await using program = new Program([...docket, ...command], { name: 'docket' });
  const stop = (): void => void program.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await program.success(3_600_000);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
