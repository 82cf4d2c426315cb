import { DocketError } from '../base/errors.ts';

/** What was typed makes no sense: the message says what was given and what was expected. */
export class UsageError extends DocketError {
  constructor(message: string, options?: ErrorOptions) {
    super('USAGE', message, options);
  }
}
