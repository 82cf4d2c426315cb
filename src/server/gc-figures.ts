import type { GcItem, GcKind, GcObserver, GcSummary } from '../registry/gc/gc-report.ts';

/** Adds up what the garbage collection does. */
export class GcFigures implements GcObserver {
  /** How many of each kind went. */
  readonly removals: Record<GcKind, number> = {
    tag: 0,
    manifest: 0,
    blob: 0,
    upload: 0,
    file: 0,
    repository: 0,
  };
  readonly runs = { finished: 0, failed: 0 };
  freedBytes = 0;
  /** Of the last run that was finished: seconds, and when it ended in seconds since 1970. */
  last: { readonly duration: number; readonly endedAt: number } | undefined;
  readonly #wallTime: () => number;

  /** `wallTime` gives milliseconds since 1970. */
  constructor(wallTime: () => number) {
    this.#wallTime = wallTime;
  }

  removed({ kind }: GcItem): void {
    this.removals[kind]++;
  }

  finished({ freedBytes, duration }: GcSummary): void {
    this.runs.finished++;
    this.freedBytes += freedBytes;
    this.last = { duration: duration / 1000, endedAt: this.#wallTime() / 1000 };
  }

  failed(): void {
    this.runs.failed++;
  }
}
