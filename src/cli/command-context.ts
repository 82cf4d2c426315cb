import type { ClientOptions } from './client-options.ts';
import type { ProgressTerminal } from './terminal/progress.ts';

/** What every command is given of the world. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For data. */
  readonly stdout: ProgressTerminal;
  /** For what is told to people. */
  readonly stderr: ProgressTerminal;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** Has `listener` called at each SIGHUP, which does not interrupt meanwhile; the function given ends that. */
  readonly onHangup?: (listener: () => void) => () => void;
}

/** What a client verb is given. */
export interface ClientContext extends CommandContext {
  readonly client: ClientOptions;
}
