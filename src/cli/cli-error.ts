import { DocketError } from '../base/errors.ts';

/** The failures that only the command line knows. */
export type CliErrorCode =
  | 'AGENT_UNREACHABLE'
  | 'AGENT_FOREIGN'
  | 'CONTENT_DAMAGED'
  | 'ENGINE_UNREACHABLE'
  | 'ENGINE_FAILED'
  | 'ENGINE_IMAGE_UNKNOWN'
  | 'FILE_UNKNOWN'
  | 'FILE_UNWRITABLE'
  | 'FOLDER_UNUSABLE'
  | 'PLATFORM_UNKNOWN'
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_FAILED'
  | 'VERIFY_FAILED'
  | 'TRACING_UNAVAILABLE'
  | 'WRONG_CONTENT';

export interface CliErrorOptions extends ErrorOptions {
  /** What the user can do next, as one sentence. */
  readonly hint?: string;
}

/** A failed command. The message says what happened, what was given and what was expected. */
export class CliError extends DocketError {
  declare readonly code: CliErrorCode;
  readonly hint: string | undefined;

  constructor(code: CliErrorCode, message: string, options: CliErrorOptions = {}) {
    super(code, message, options);
    this.hint = options.hint;
  }
}
