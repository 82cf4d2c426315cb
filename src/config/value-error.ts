import { DocketError } from '../base/errors.ts';

/** A setting's value makes no sense: the message says what was given and what was expected. */
export class ValueError extends DocketError {
  constructor(message: string, options?: ErrorOptions) {
    super('USAGE', message, options);
  }
}
