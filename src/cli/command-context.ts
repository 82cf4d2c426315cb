import type { ClientOptions } from './client-options.ts';

/** What every command is given of the world. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
}

/** What a client verb is given. */
export interface ClientContext extends CommandContext {
  readonly client: ClientOptions;
}
