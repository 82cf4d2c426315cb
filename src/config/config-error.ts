import { DocketError } from '../base/errors.ts';
import { redact } from '../base/redact.ts';

/** One thing that is wrong, and where: `FILE:LINE:COLUMN`, a variable, or a flag. */
export interface Problem {
  readonly place: string;
  readonly message: string;
}

/** Raised for a configuration that cannot be meant; tells all that is wrong with it, one a line. */
export class ConfigError extends DocketError {
  readonly problems: readonly Problem[];

  constructor(all: readonly Problem[]) {
    // What was given may hold a password.
    const problems = all.map(({ place, message }) => ({ place, message: redact(message) }));
    super('USAGE', problems.map(({ place, message }) => `${place}: ${message}`).join('\n'));
    this.problems = problems;
  }
}
