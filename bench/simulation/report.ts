import type { Figures } from './figures.ts';

/** The figures for people, a line each. */
export function reportOf(figures: Figures): string {
  const { hosts, zoneCopies, announcesPerSecond: announces } = figures;
  const last =
    figures.last === null || figures.lastOverBound === null
      ? `never: ${figures.unfinished} of ${hosts} hosts`
      : `${figures.last} s, ${figures.lastOverBound} of the bound`;
  const lines: readonly (readonly [string, string])[] = [
    ['bound', `${figures.boundSeconds} s`],
    ['last host', last],
    ['half, 99 %', `${figures.p50} s, ${figures.p99} s`],
    ['healthy hosts', `${figures.lastHealthy} s, each from its own start`],
    ['origin', `${figures.originCopies} copies`],
    ...(zoneCopies.length > 0
      ? [['into each zone', `${zoneCopies.join(', ')} copies`] as const]
      : []),
    ['in vain', `${(figures.waste * 100).toFixed(1)} %`],
    ['announces', `${announces.peak} a second at most, ${announces.mean} on average`],
    [
      'took',
      `${figures.wallSeconds} s, ${figures.cpuSeconds} s of the processor, ${figures.events} events`,
    ],
  ];
  return lines.map(([name, value]) => `${name.padEnd(16)}${value}\n`).join('');
}
