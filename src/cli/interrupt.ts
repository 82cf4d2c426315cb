import { DocketError } from '../base/errors.ts';
import { exitCodes } from './exit-code.ts';

/** The user, or the system, asked the command to end. */
export class InterruptedError extends DocketError {
  constructor(signal: NodeJS.Signals) {
    super('INTERRUPTED', `interrupted by ${signal}`);
  }
}

/**
 * A signal that aborts at the first SIGINT, SIGTERM or SIGHUP, so that the command can tidy up; the second ends the
 * process at once.
 */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort(new InterruptedError(name));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  return controller.signal;
}
