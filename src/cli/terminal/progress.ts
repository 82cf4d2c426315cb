/** One thing that is under way: a layer, mostly. */
export interface ProgressLine {
  /** `done` of `total` bytes, and what else there is to say, such as a rate. */
  update(state: {
    readonly status: string;
    readonly done?: number;
    readonly total?: number;
    readonly detail?: string;
  }): void;
  /** The last word on it. */
  finish(status: string): void;
  /** Takes the line away: there is nothing to say of it. */
  drop(): void;
}

/** What a command tells while it works, on standard error. */
export interface Progress {
  /** Begins a line that `name` stands in front of. */
  line(name: string): ProgressLine;
  /** A line under all others that sums them up; shown only where lines can be drawn anew. */
  total(text: string): void;
  /** Something worth knowing. */
  note(text: string): void;
  /** Clears the way for `write`, which writes whole lines to the same screen. */
  aside(write: () => void): void;
  /** Leaves the screen in order. */
  close(): void;
}

/** Says nothing. */
export const silentProgress: Progress = {
  line: () => ({ update() {}, finish() {}, drop() {} }),
  total() {},
  note() {},
  aside: (write) => write(),
  close() {},
};

/** What `createProgress` must know of standard error. */
export interface ProgressTerminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** True when lines can be drawn anew: on a terminal, unless the environment says that it is none (CI, TERM=dumb). */
export function canRedraw(
  terminal: ProgressTerminal,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return terminal.isTTY === true && !env['CI'] && env['TERM'] !== 'dumb';
}
