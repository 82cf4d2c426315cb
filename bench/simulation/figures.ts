import { percentile } from '../percentile.ts';
import type { Outcome, Scenario } from './simulate.ts';

/** What a simulation showed, as `--json` prints it. Seconds, copies of the image, announces. */
export interface Figures {
  readonly hosts: number;
  readonly size: number;
  readonly zones: number;
  readonly seed: number;
  readonly boundSeconds: number;
  readonly p50: number;
  readonly p99: number;
  /** When the last host was complete; null when some never were. */
  readonly last: number | null;
  readonly lastOverBound: number | null;
  /** Those that were neither slow nor killed, each from its own start on. */
  readonly lastHealthy: number;
  readonly unfinished: number;
  readonly originCopies: number;
  readonly zoneCopies: readonly number[];
  /** Bytes that came in vain, for each that was wanted. */
  readonly waste: number;
  readonly announcesPerSecond: { readonly peak: number; readonly mean: number };
  readonly events: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

export function figuresOf(
  scenario: Scenario,
  outcome: Outcome,
  took: { readonly wallSeconds: number; readonly cpuSeconds: number },
): Figures {
  const { hosts, size, zones, seed } = scenario;
  const { all, healthy, bound, unfinished } = outcome;
  const last = unfinished > 0 ? undefined : all.at(-1);
  return {
    hosts,
    size,
    zones,
    seed,
    boundSeconds: rounded(bound),
    p50: rounded(percentile(all, 0.5) ?? 0),
    p99: rounded(percentile(all, 0.99) ?? 0),
    last: last === undefined ? null : rounded(last),
    lastOverBound: last === undefined ? null : rounded(last / bound),
    lastHealthy: rounded(healthy.at(-1) ?? 0),
    unfinished,
    originCopies: rounded(outcome.originCopies),
    zoneCopies: outcome.zoneCopies.map(rounded),
    waste: rounded(outcome.waste),
    announcesPerSecond: { peak: outcome.announcesPeak, mean: rounded(outcome.announcesMean) },
    events: outcome.events,
    wallSeconds: rounded(took.wallSeconds),
    cpuSeconds: rounded(took.cpuSeconds),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
