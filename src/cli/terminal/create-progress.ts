import { createLiveProgress } from './live-progress.ts';
import { createPlainProgress } from './plain-progress.ts';
import { canRedraw, silentProgress, type Progress, type ProgressTerminal } from './progress.ts';

/** The progress that fits standard error: none, drawn lines, or one line for each thing that has ended. */
export function createProgress(
  terminal: ProgressTerminal,
  env: Readonly<Record<string, string | undefined>>,
  quiet: boolean,
): Progress {
  if (quiet) return silentProgress;
  return canRedraw(terminal, env) ? createLiveProgress(terminal) : createPlainProgress(terminal);
}
