import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseBytes } from '../../src/base/units.ts';

export const usage = `Usage: npm run bench:engine -- [options]

Sends one blob from one peer to another, two processes on this machine, over loopback, to
disk, every piece verified; by Docket's engine and by others, one after another.

  --size BYTES       the blob (default 1GiB)
  --against NAMES    libtorrent, aria2, both with a comma between, or none
                     (default: those of the two that are installed)
  --runs N           rounds; of each engine the median round counts (default 1)
  --folder FOLDER    where the blob is and arrives (default: the system's temporary folder)
  --origin           Docket's sender shows its pieces as a registry does
  --cpu-profile DIR  write a CPU profile of each of Docket's two peers there
  --json             end with one line of JSON on standard output
`;

const others = ['libtorrent', 'aria2'] as const;

export type Other = (typeof others)[number];

export interface EngineOptions {
  readonly size: number;
  /** Undefined: whoever is installed. */
  readonly against: readonly Other[] | undefined;
  readonly runs: number;
  readonly folder: string;
  readonly origin: boolean;
  readonly cpuProfile: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the command line. Throws an error with a sentence for the user. */
export function parseOptions(args: readonly string[]): EngineOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: 'string', default: '1GiB' },
      against: { type: 'string' },
      runs: { type: 'string', default: '1' },
      folder: { type: 'string', default: tmpdir() },
      origin: { type: 'boolean', default: false },
      'cpu-profile': { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { 'cpu-profile': profile, against, folder, ...flags } = values;
  const size = parseBytes(values.size);
  const runs = Number(values.runs);
  if (size < 1) throw new Error('--size must be at least one byte');
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs must be 1 or more');
  return {
    ...flags,
    size,
    runs,
    folder: resolve(folder),
    against: against === undefined ? undefined : parseOthers(against),
    cpuProfile: profile === undefined ? undefined : resolve(profile),
  };
}

function parseOthers(text: string): readonly Other[] {
  if (text === 'none' || text === '') return [];
  return text.split(',').map((name) => {
    const other = others.find((one) => one === name.trim());
    if (other === undefined)
      throw new Error(`--against knows ${others.join(' and ')}, not "${name}"`);
    return other;
  });
}
