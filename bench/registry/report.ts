import type { BenchCase } from './cases.ts';
import type { Measured } from './measure.ts';

/** Both registries in one case; what was not measured is null. Rates in the unit; MB of 10^6 bytes. */
export interface CaseResult {
  readonly case: string;
  readonly unit: string;
  readonly docket: number;
  readonly dockerRegistry: number | null;
  /** Docket's rate over the other's. */
  readonly ratio: number | null;
  readonly docketCpuSeconds: number;
  readonly dockerRegistryCpuSeconds: number | null;
  readonly docketRssMB: number;
  readonly dockerRegistryRssMB: number | null;
  /** The larger part of a core that the client used against one of the two. */
  readonly clientShare: number;
}

/** Of each registry the round whose rate is in the middle. */
export function resultOf(
  { label, unit }: BenchCase,
  docket: readonly Measured[],
  dockerRegistry: readonly Measured[],
): CaseResult {
  const own = medianOf(docket);
  if (own === undefined) throw new Error('there was no round');
  const other = medianOf(dockerRegistry);
  return {
    case: label,
    unit,
    docket: round(own.rate),
    dockerRegistry: other === undefined ? null : round(other.rate),
    ratio: other === undefined ? null : round(own.rate / other.rate, 2),
    docketCpuSeconds: round(own.cpuSeconds, 2),
    dockerRegistryCpuSeconds: other === undefined ? null : round(other.cpuSeconds, 2),
    docketRssMB: round(own.peakRss / 1e6),
    dockerRegistryRssMB: other === undefined ? null : round(other.peakRss / 1e6),
    clientShare: round(Math.max(own.clientShare, other?.clientShare ?? 0), 2),
  };
}

function medianOf(rounds: readonly Measured[]): Measured | undefined {
  return rounds.toSorted((a, b) => a.rate - b.rate)[Math.floor(rounds.length / 2)];
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

const heads = ['docket', 'docker-reg.', 'ratio', 'CPU s', '', 'RSS MB', '', 'client'];

export const headOfTable = row('', ...heads);

export function rowOf(result: CaseResult): string {
  return row(
    `${result.case} (${result.unit})`,
    ...[
      result.docket,
      result.dockerRegistry,
      result.ratio,
      result.docketCpuSeconds,
      result.dockerRegistryCpuSeconds,
      result.docketRssMB,
      result.dockerRegistryRssMB,
      result.clientShare,
    ].map((value) => (value === null ? '-' : String(value))),
  );
}

function row(name: string, ...cells: readonly string[]): string {
  return name.padEnd(24) + cells.map((cell) => cell.padStart(12)).join('');
}
