import { percentile } from '../percentile.ts';
import type { HostPlan } from './host-plan.ts';
import type { ContenderName } from './options.ts';
import type { HostResult } from './race.ts';
import type { Usage } from './usage-meter.ts';

/** What a contender reached. Times are seconds since each host's own start; null where a host never had everything. */
export interface Figures {
  readonly name: ContenderName;
  readonly hosts: number;
  readonly finished: number;
  readonly first: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly last: number | null;
  readonly lastOverBound: number | null;
  /** Of the hosts that were neither slow nor killed. */
  readonly healthyLast: number | null;
  readonly healthyLastOverBound: number | null;
  /** Of those that were killed and came back; only with `--churn`. */
  readonly churnedLast?: number | null;
  /** Of those with a tenth of the rate; only with `--slow`. */
  readonly slowLast?: number | null;
  /** Bytes of the image that the origin sent, by its size. */
  readonly originCopies: number;
  /** Bytes that went into each zone over its uplink, by the size of the image; only with `--zones`. */
  readonly zoneCopies?: readonly number[];
  /** Pulls of healthy hosts that failed and were begun again. */
  readonly failedPulls: number;
  /** Of the origin and of all hosts, without the clients that only ask the agents. */
  readonly cpuSeconds: number;
  readonly originCpuSeconds: number;
  readonly clientCpuSeconds: number;
  /** The largest of all hosts. */
  readonly hostPeakRssMB: number;
  readonly originPeakRssMB: number;
  /** How much of this machine's cores was busy, with whatever else it did: 0 to 1. Near 1 the CPU is the limit. */
  readonly machineBusy: number;
}

/** What a race gave. */
export interface Outcome {
  readonly name: ContenderName;
  readonly results: readonly HostResult[];
  readonly usage: Usage;
  /** Bytes. */
  readonly originSent: number;
  /** Bytes into each zone. */
  readonly zoneBytes: readonly number[];
}

export function figuresOf(outcome: Outcome, boundSeconds: number, size: number): Figures {
  const { results, usage, zoneBytes } = outcome;
  const secondsOf = (kind?: HostPlan['kind']): readonly (number | undefined)[] =>
    results.filter(({ plan }) => (kind ?? plan.kind) === plan.kind).map(({ seconds }) => seconds);
  const all = secondsOf();
  const has = (kind: HostPlan['kind']): boolean => results.some(({ plan }) => plan.kind === kind);
  const last = percentile(all, 1);
  const healthyLast = percentile(secondsOf('healthy'), 1);
  const failures = results.map(({ plan, failures }) => (plan.kind === 'churned' ? 0 : failures));
  return {
    name: outcome.name,
    hosts: results.length,
    finished: all.filter((seconds) => seconds !== undefined).length,
    first: round(percentile(all, 0)),
    p50: round(percentile(all, 0.5)),
    p99: round(percentile(all, 0.99)),
    last: round(last),
    lastOverBound: round(last === null ? null : last / boundSeconds),
    healthyLast: round(healthyLast),
    healthyLastOverBound: round(healthyLast === null ? null : healthyLast / boundSeconds),
    ...(has('churned') && { churnedLast: round(percentile(secondsOf('churned'), 1)) }),
    ...(has('slow') && { slowLast: round(percentile(secondsOf('slow'), 1)) }),
    originCopies: round(outcome.originSent / size),
    ...(zoneBytes.length > 0 && { zoneCopies: zoneBytes.map((bytes) => round(bytes / size)) }),
    failedPulls: failures.reduce((sum, count) => sum + count, 0),
    cpuSeconds: round(usage.cpu.host + usage.cpu.origin),
    originCpuSeconds: round(usage.cpu.origin),
    clientCpuSeconds: round(usage.cpu.client),
    hostPeakRssMB: Math.round(usage.memory.host / 1e6),
    originPeakRssMB: Math.round(usage.memory.origin / 1e6),
    machineBusy: round(usage.machineBusy),
  };
}

function round<T extends number | null>(value: T): T {
  return (value === null ? null : Number(value.toFixed(3))) as T;
}
