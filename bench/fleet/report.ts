import { formatBytes } from '../../src/base/units.ts';
import { formatTable } from '../../src/cli/terminal/table.ts';
import type { Figures } from './figures.ts';
import { formatRate } from './rate.ts';

/** All that a run tells. */
export interface FleetReport {
  readonly hosts: number;
  readonly bytes: number;
  readonly layers: number;
  /** Of each link. */
  readonly rateBitsPerSecond: number;
  /** What one plain TCP stream from the origin to a host brings. */
  readonly goodputBytesPerSecond: number;
  /** How long such a stream takes for one copy: no host can have everything sooner. */
  readonly boundSeconds: number;
  readonly contenders: readonly Figures[];
}

/** The report as a table, for people. */
export function formatReport(report: FleetReport): string {
  const { hosts, bytes, layers, rateBitsPerSecond, boundSeconds, contenders } = report;
  const columns = columnsFor(contenders);
  const rows = contenders.map((figures) => columns.map(([, cell]) => cell(figures)));
  const unfinished = contenders
    .filter(({ finished }) => finished < hosts)
    .map(({ name, finished }) => `${name}: only ${finished} of ${hosts} hosts had everything\n`);
  return `
${hosts} hosts, ${formatBytes(bytes)} in ${layers} ${layers === 1 ? 'layer' : 'layers'}, links of ${formatRate(rateBitsPerSecond / 8)}
one plain stream brings ${formatRate(report.goodputBytesPerSecond)}: the bound is ${boundSeconds.toFixed(2)} s

${formatTable(
  columns.map(([head]) => head),
  rows,
)}${unfinished.join('')}`;
}

type Column = readonly [head: string, cell: (figures: Figures) => string];

function columnsFor(contenders: readonly Figures[]): readonly Column[] {
  const [any] = contenders;
  const isMixed = any?.churnedLast !== undefined || any?.slowLast !== undefined;
  const columns: (Column | false)[] = [
    ['CONTENDER', ({ name }) => name],
    ['FIRST', ({ first }) => seconds(first)],
    ['P50', ({ p50 }) => seconds(p50)],
    ['P99', ({ p99 }) => seconds(p99)],
    ['LAST', ({ last }) => seconds(last)],
    ['/ BOUND', ({ lastOverBound }) => number(lastOverBound)],
    isMixed && ['HEALTHY', ({ healthyLast }) => seconds(healthyLast)],
    isMixed && ['/ BOUND', ({ healthyLastOverBound }) => number(healthyLastOverBound)],
    ['ORIGIN COPIES', ({ originCopies }) => number(originCopies)],
    any?.zoneCopies !== undefined && [
      'INTO ZONES',
      ({ zoneCopies }) => (zoneCopies ?? []).map(number).join(' '),
    ],
    ['CPU', ({ cpuSeconds }) => seconds(cpuSeconds)],
    ['RSS HOST', ({ hostPeakRssMB }) => `${hostPeakRssMB} MB`],
    ['RSS ORIGIN', ({ originPeakRssMB }) => `${originPeakRssMB} MB`],
    ['MACHINE', ({ machineBusy }) => `${Math.round(machineBusy * 100)} % busy`],
  ];
  return columns.filter((column) => column !== false);
}

function seconds(value: number | null): string {
  return value === null ? 'never' : `${value.toFixed(1)} s`;
}

function number(value: number | null): string {
  return value === null ? '-' : value.toFixed(2);
}
