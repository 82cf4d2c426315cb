import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseBytes } from '../../src/base/units.ts';
import { caseNames, type CaseName } from './cases.ts';

export const usage = `Usage: npm run bench:registry -- [options]

Pulls from and pushes to \`docket registry\` and Debian's \`docker-registry\`, one after the
other on this machine, over loopback, each with a fresh folder on the same disk.

  --cases NAMES      with commas between (default: all but large):
                     pull-1        pull of one blob by one client
                     pull-16       pull of it by 16 clients at once
                     push          push of one blob
                     manifests     GETs of one manifest by its tag
                     small-pushes  whole images: config, layer and manifest
                     large         push of a very large blob, to docket alone, for its memory
  --size BYTES       the blob (default 1GiB)
  --large            add the case large
  --large-size BYTES its blob, which is written to disk (default 10GB)
  --gets N           manifests (default 10000), over --get-connections N (default 64)
  --pushes N         images (default 1000), over --push-connections N (default 8)
  --runs N           rounds; the median counts (default 3)
  --alone            leave docker-registry out
  --folder FOLDER    where both keep their blobs (default: the system's temporary folder)
  --cpu-profile DIR  write CPU profiles of docket there, for bench/hot-spots.ts
  --json             end with one line of JSON on standard output
`;

export interface RegistryBenchOptions {
  readonly cases: readonly CaseName[];
  readonly size: number;
  readonly largeSize: number;
  readonly gets: number;
  readonly getConnections: number;
  readonly pushes: number;
  readonly pushConnections: number;
  readonly runs: number;
  readonly alone: boolean;
  readonly folder: string;
  readonly cpuProfile: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the command line. Throws an error with a sentence for the user. */
export function parseOptions(args: readonly string[]): RegistryBenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: 'string' },
      size: { type: 'string', default: '1GiB' },
      large: { type: 'boolean', default: false },
      'large-size': { type: 'string', default: '10GB' },
      gets: { type: 'string', default: '10000' },
      'get-connections': { type: 'string', default: '64' },
      pushes: { type: 'string', default: '1000' },
      'push-connections': { type: 'string', default: '8' },
      runs: { type: 'string', default: '3' },
      alone: { type: 'boolean', default: false },
      folder: { type: 'string', default: tmpdir() },
      'cpu-profile': { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const count = (name: 'gets' | 'get-connections' | 'pushes' | 'push-connections' | 'runs') =>
    positive(name, Number(values[name]));
  const cases = casesOf(values.cases);
  const profile = values['cpu-profile'];
  return {
    cases: values.large && !cases.includes('large') ? [...cases, 'large'] : cases,
    size: positive('size', parseBytes(values.size)),
    largeSize: positive('large-size', parseBytes(values['large-size'])),
    gets: count('gets'),
    getConnections: count('get-connections'),
    pushes: count('pushes'),
    pushConnections: count('push-connections'),
    runs: count('runs'),
    alone: values.alone,
    folder: resolve(values.folder),
    cpuProfile: profile === undefined ? undefined : resolve(profile),
    json: values.json,
    help: values.help,
  };
}

function positive(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be 1 or more`);
  return value;
}

function casesOf(text: string | undefined): readonly CaseName[] {
  if (text === undefined) return caseNames.filter((name) => name !== 'large');
  return text.split(',').map((name) => {
    const known = caseNames.find((one) => one === name.trim());
    if (known === undefined)
      throw new Error(`--cases knows ${caseNames.join(', ')}, not "${name}"`);
    return known;
  });
}
