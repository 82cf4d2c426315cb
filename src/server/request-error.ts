import { DocketError } from '../base/errors.ts';

/** A request to Docket's own API that says nothing sensible; the message tells what was expected. */
export class RequestError extends DocketError {
  declare readonly code: 'REQUEST_INVALID';

  constructor(message: string) {
    super('REQUEST_INVALID', message);
  }
}
