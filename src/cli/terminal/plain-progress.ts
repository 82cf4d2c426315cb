import type { Progress, ProgressTerminal } from './progress.ts';

/** One line for each thing that has ended: for files and pipes. */
export function createPlainProgress(terminal: ProgressTerminal): Progress {
  return {
    line: (name) => ({
      update() {},
      finish: (status) => void terminal.write(`${name}: ${status}\n`),
      drop() {},
    }),
    total() {},
    note: (text) => void terminal.write(`${text}\n`),
    aside: (write) => write(),
    close() {},
  };
}
