import type { LoadWork } from './load.ts';
import type { RegistryBenchOptions } from './options.ts';

export const caseNames = [
  'pull-1',
  'pull-16',
  'push',
  'manifests',
  'small-pushes',
  'large',
] as const;

export type CaseName = (typeof caseNames)[number];

/** One thing that is measured. */
export interface BenchCase {
  /** As the results call it, with the blob's size. */
  readonly label: string;
  readonly unit: 'MB/s' | 'GETs/s' | 'images/s';
  /** What counts as one of the unit: 10^6 bytes, one request. */
  readonly perUnit: number;
  /** A blob that the registry has before. */
  readonly holds: number | undefined;
  /** The load; `digest` is that of the blob which it holds. */
  readonly work: (digest: string) => LoadWork;
  /** Bytes that come to the folder meanwhile. */
  readonly writes: number;
  /** Docket alone is measured. */
  readonly isAlone: boolean;
}

/** What a name stands for. */
export function caseOf(name: CaseName, options: RegistryBenchOptions): BenchCase {
  const { size, largeSize } = options;
  const cases: Readonly<Record<CaseName, BenchCase>> = {
    'pull-1': pull(size, 1),
    'pull-16': pull(size, 16),
    push: push(size),
    manifests: {
      ...requests('manifests', options.gets, options.getConnections),
      unit: 'GETs/s',
      writes: 0,
    },
    'small-pushes': {
      ...requests('small-pushes', options.pushes, options.pushConnections),
      unit: 'images/s',
      writes: 64e6,
    },
    large: { ...push(largeSize), isAlone: true },
  };
  return cases[name];
}

const bytes = { unit: 'MB/s', perUnit: 1e6, isAlone: false } as const;

function pull(size: number, clients: number): BenchCase {
  return {
    ...bytes,
    label: `pull-${short(size)}-${clients}`,
    holds: size,
    writes: 0,
    work: (digest) => ({ kind: 'pull', digest, size, clients }),
  };
}

function push(size: number): BenchCase {
  return {
    ...bytes,
    label: `push-${short(size)}`,
    holds: undefined,
    writes: size,
    work: () => ({ kind: 'push', size }),
  };
}

function requests(
  kind: 'manifests' | 'small-pushes',
  count: number,
  connections: number,
): Omit<BenchCase, 'unit' | 'writes'> {
  const work = { kind, count, connections };
  return { label: kind, perUnit: 1, holds: undefined, isAlone: false, work: () => work };
}

/** A size in few letters: `1g` of 2^30 or 10^9 bytes, `256m`. */
function short(bytes: number): string {
  for (const [letter, binary, decimal] of [
    ['g', 2 ** 30, 1e9],
    ['m', 2 ** 20, 1e6],
    ['k', 2 ** 10, 1e3],
  ] as const) {
    if (bytes % binary === 0) return `${bytes / binary}${letter}`;
    if (bytes % decimal === 0) return `${bytes / decimal}${letter}`;
  }
  return String(bytes);
}
