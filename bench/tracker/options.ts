import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const usage = `Usage: npm run bench:tracker -- [options]

How many announces a second a tracker answers on one core: Docket's own, in a real
docket registry, and opentracker. The tracker has one core to itself, and whoever
announces another.

  --swarms N         torrents (default 100)
  --peers N          peers of each, in multiples of --hosts (default 1000)
  --hosts N          addresses that they announce from (default 100)
  --want N           peers that each announce asks for (default 50)
  --zones N          zones that the hosts stand in (default 0: none)
  --batch N          torrents of each batch (default 20)
  --seconds S        measured for each kind of announce (default 5)
  --kinds NAMES      http, udp, batch (default: all)
  --against NAMES    opentracker or none (default: opentracker, where it is installed)
  --cpu-profile DIR  write CPU profiles of the registry and of the loader there
  --json             end with one line of JSON on standard output
`;

export const kinds = ['http', 'udp', 'batch'] as const;
export type Kind = (typeof kinds)[number];

export interface TrackerOptions {
  readonly swarms: number;
  readonly peers: number;
  readonly hosts: number;
  readonly want: number;
  readonly zones: number;
  readonly batch: number;
  readonly seconds: number;
  readonly kinds: readonly Kind[];
  /** Undefined: where it is installed. */
  readonly opentracker: boolean | undefined;
  readonly cpuProfile: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the command line. Throws an error with a sentence for the user. */
export function parseOptions(args: readonly string[]): TrackerOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      swarms: { type: 'string', default: '100' },
      peers: { type: 'string', default: '1000' },
      hosts: { type: 'string', default: '100' },
      want: { type: 'string', default: '50' },
      zones: { type: 'string', default: '0' },
      batch: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '5' },
      kinds: { type: 'string', default: kinds.join(',') },
      against: { type: 'string' },
      'cpu-profile': { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const number = (
    name: 'swarms' | 'peers' | 'hosts' | 'want' | 'zones' | 'batch' | 'seconds',
    least: number,
  ): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= least) return value;
    throw new Error(`--${name} must be a whole number of at least ${least}`);
  };
  const [peers, hosts] = [number('peers', 1), number('hosts', 1)];
  if (peers % hosts !== 0) throw new Error('--peers must be a multiple of --hosts');
  const profile = values['cpu-profile'];
  return {
    swarms: number('swarms', 1),
    peers,
    hosts,
    want: number('want', 0),
    zones: number('zones', 0),
    batch: number('batch', 1),
    seconds: number('seconds', 1),
    kinds: kindsOf(values.kinds),
    opentracker: values.against === undefined ? undefined : isAgainst(values.against),
    cpuProfile: profile === undefined ? undefined : resolve(profile),
    json: values.json,
    help: values.help,
  };
}

function kindsOf(text: string): readonly Kind[] {
  return text.split(',').map((name) => {
    const kind = kinds.find((one) => one === name.trim());
    if (kind === undefined) throw new Error(`--kinds knows ${kinds.join(', ')}, not "${name}"`);
    return kind;
  });
}

function isAgainst(text: string): boolean {
  if (text === 'none' || text === 'opentracker') return text === 'opentracker';
  throw new Error(`--against knows opentracker and none, not "${text}"`);
}
