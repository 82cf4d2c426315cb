import { parseArgs } from 'node:util';
import { DocketError } from '../src/base/errors.ts';
import { parseBytes } from '../src/base/units.ts';

export const usage = `Usage: npm start -- [options]

Deploys an image to several hosts at once on this machine, through the swarm and by plain
pulls, with the same limit on every link, and compares.

  --hosts N     how many hosts, 1 to 100 (default 5)
  --size BYTES  size of the image, 1MB to 100GB (default 100MB)
  --rate BYTES  limit of every link, a second and each way, 100KB or more
                (default 12.5MB: 100 Mbit/s)
  --once        end when the figures are there, do not stay up
  --json        print the figures as one line of JSON on standard output
`;

export interface DemoOptions {
  readonly hosts: number;
  readonly size: number;
  readonly rate: number;
  readonly once: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

export class DemoOptionError extends DocketError {
  declare readonly code: 'DEMO_OPTION_INVALID';
}

/** Reads the command line. Throws DemoOptionError or UnitError, with a sentence for the user. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const values = parse(args);
  return {
    hosts: within('--hosts', Number(values.hosts), 1, 100),
    size: within('--size', parseBytes(values.size), 1e6, 1e11),
    rate: within('--rate', parseBytes(values.rate), 1e5, 1e10),
    once: values.once,
    json: values.json,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        hosts: { type: 'string', default: '5' },
        size: { type: 'string', default: '100MB' },
        rate: { type: 'string', default: '12.5MB' },
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new DemoOptionError('DEMO_OPTION_INVALID', message, { cause: error });
  }
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new DemoOptionError('DEMO_OPTION_INVALID', `${name} must be from ${least} to ${most}`);
}
