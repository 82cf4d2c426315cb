import { parseArgs, type ParseArgsConfig } from 'node:util';
import { DocketError, messageOf } from '../../src/base/errors.ts';
import { parseBytes, parseDuration } from '../../src/base/units.ts';
import { parseRate } from './rate.ts';

export const usage = `Usage: npm run bench:fleet -- [options]

Deploys an image to emulated hosts, each a network namespace whose link is limited up and down, with real
registry and agent processes, and tells how close the last host comes to the time of one plain copy.

  --hosts N         how many hosts, 1 to 250 (default 20)
  --rate RATE       what each link carries, each way, the origin's too (default 100mbit)
  --size BYTES      size of the image (default 256MB)
  --layers L        spread over L layers of the same size (default 1)
  --parallel P      how many layers a host asks its agent for at once (default 3, as dockerd)
  --against LIST    also: central (plain pulls from the registry), libtorrent (plain, and then
                    super-seeding), libtorrent-super (that alone); separated by commas

  --stagger S       the hosts start over S seconds, not all at once
  --churn P         P percent of the hosts are killed at a random moment and come back 2 to 5 s later
  --slow P          P percent of the hosts have a tenth of the rate
  --zones Z         the hosts stand in Z zones
  --between RATE    what the one link between each zone and the rest carries (default: --rate)

  --seed N          chooses which hosts are slow or killed, and when (default 1)
  --keep-logs DIR   keep what all programs said
  --cpu-profile DIR keep a CPU profile of docket's registry and of each agent
  --json            progress on standard error, and one line of JSON on standard output
`;

export const contenderNames = ['docket', 'central', 'libtorrent', 'libtorrent-super'] as const;

export type ContenderName = (typeof contenderNames)[number];

export interface FleetOptions {
  readonly hosts: number;
  /** Bytes a second, as all rates here. */
  readonly rate: number;
  readonly size: number;
  readonly layers: number;
  readonly parallel: number;
  readonly contenders: readonly ContenderName[];
  /** Seconds. */
  readonly stagger: number;
  /** Percent. */
  readonly churn: number;
  /** Percent. */
  readonly slow: number;
  /** 0: none. */
  readonly zones: number;
  readonly between: number;
  readonly seed: number;
  readonly keepLogs: string | undefined;
  readonly cpuProfile: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

export class FleetOptionError extends DocketError {
  declare readonly code: 'FLEET_OPTION_INVALID';
}

/** Reads the command line. Throws FleetOptionError or UnitError, with a sentence for the user. */
export function parseOptions(args: readonly string[]): FleetOptions {
  const values = parse(args);
  const rate = parseRate(values.rate);
  if (values.between !== undefined && values.zones === '0') {
    throw invalid('--between needs --zones: it is the rate of the links between them');
  }
  if (Number(values.churn) + Number(values.slow) > 90) {
    throw invalid('--churn and --slow are of different hosts, and some must be left');
  }
  const hosts = within('--hosts', Number(values.hosts), 1, 250);
  return {
    hosts,
    rate: within('--rate', rate, 1e4, 5e9),
    size: within('--size', parseBytes(values.size), 1e5, 1e12),
    layers: within('--layers', Number(values.layers), 1, 100),
    parallel: within('--parallel', Number(values.parallel), 1, 100),
    contenders: parseContenders(values.against),
    stagger: within('--stagger', parseDuration(values.stagger), 0, 3.6e6) / 1000,
    churn: within('--churn', Number(values.churn), 0, 100),
    slow: within('--slow', Number(values.slow), 0, 90),
    zones: within('--zones', Number(values.zones), 0, hosts),
    between: within('--between', parseRate(values.between ?? values.rate), 1e4, 5e9),
    seed: within('--seed', Number(values.seed), 0, 2 ** 32 - 1),
    keepLogs: values['keep-logs'],
    cpuProfile: values['cpu-profile'],
    json: values.json,
    help: values.help,
  };
}

const declared = {
  hosts: { type: 'string', default: '20' },
  rate: { type: 'string', default: '100mbit' },
  size: { type: 'string', default: '256MB' },
  layers: { type: 'string', default: '1' },
  parallel: { type: 'string', default: '3' },
  against: { type: 'string', default: '' },
  stagger: { type: 'string', default: '0' },
  churn: { type: 'string', default: '0' },
  slow: { type: 'string', default: '0' },
  zones: { type: 'string', default: '0' },
  between: { type: 'string' },
  seed: { type: 'string', default: '1' },
  'keep-logs': { type: 'string' },
  'cpu-profile': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: declared }).values;
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
}

/** Docket always runs, and first. */
function parseContenders(against: string): readonly ContenderName[] {
  const asked = new Set<string>(['docket', ...against.split(',').filter((name) => name !== '')]);
  if (asked.has('libtorrent')) asked.add('libtorrent-super');
  const known = contenderNames.filter((name) => asked.delete(name));
  const [unknown] = asked;
  if (unknown === undefined) return known;
  throw invalid(`--against ${unknown}: it can be central, libtorrent and libtorrent-super`);
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(`${name} must be a whole number from ${least} to ${most}`);
}

function invalid(message: string, cause?: unknown): FleetOptionError {
  return new FleetOptionError('FLEET_OPTION_INVALID', message, { cause });
}
