import { DocketError } from '../base/errors.ts';

/** The user, or the system, asked the command to end. */
export class InterruptedError extends DocketError {
  constructor(signal: NodeJS.Signals) {
    super('INTERRUPTED', `interrupted by ${signal}`);
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm and the terminal deliver one Ctrl-C twice: what comes this many milliseconds after the first means the same. */
const sameWithin = 1000;

/**
 * A signal that aborts at the first SIGINT, SIGTERM or SIGHUP, so that the command can tidy up; one that comes over a
 * second later ends the process at once.
 */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const now = performance.now();
    first ??= now;
    if (!controller.signal.aborted) controller.abort(new InterruptedError(name));
    else if (now - first > sameWithin) endNow(name);
  };
  for (const name of signals) process.on(name, onSignal);
  return controller.signal;
}

/** Has `listener` called at each SIGHUP instead of being interrupted by it, until the function given is called. */
export function onHangup(listener: () => void): () => void {
  const before = process.listeners('SIGHUP');
  process.removeAllListeners('SIGHUP');
  process.on('SIGHUP', listener);
  return () => {
    process.off('SIGHUP', listener);
    for (const one of before) process.on('SIGHUP', one);
  };
}

/**
 * Ends the process by a signal, as if it were not caught. `process.exit` would wait for what the disk or the resolver of
 * names is busy with, which may be for ever.
 */
export function endNow(name: NodeJS.Signals): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}
