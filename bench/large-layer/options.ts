import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseBytes } from '../../src/base/units.ts';

export const usage = `Usage: npm run bench:large -- [options]

What one very large layer costs in memory: a registry holds a blob of zeros (a sparse file),
an agent fetches it through the swarm, and a client reads it from the agent as it comes.

  --size BYTES        of the layer (default 1GB)
  --reader-rate RATE  bytes a second that the client takes (default: as they come)
  --folder FOLDER     where the blob is made and arrives (default: the system's temporary folder)
  --json              end with one line of JSON on standard output
`;

export interface LargeOptions {
  readonly size: number;
  /** Bytes a second. */
  readonly readerRate: number | undefined;
  readonly folder: string;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the command line. Throws an error with a sentence for the user. */
export function parseOptions(args: readonly string[]): LargeOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: 'string', default: '1GB' },
      'reader-rate': { type: 'string' },
      folder: { type: 'string', default: tmpdir() },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rate = values['reader-rate'];
  return {
    size: parseBytes(values.size),
    readerRate: rate === undefined ? undefined : parseBytes(rate),
    folder: resolve(values.folder),
    json: values.json,
    help: values.help,
  };
}
