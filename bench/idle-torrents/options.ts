import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseBytes } from '../../src/base/units.ts';

export const usage = `Usage: npm run bench:idle -- [options]

What many blobs that nobody fetches cost: starts a registry that holds them, and an agent
whose cache holds them all, and fetches one of them from each.

  --torrents N       how many (default 20000)
  --size BYTES       of each blob (default 1KiB)
  --registry-only    leave out the agent
  --folder FOLDER    where the blobs are made (default: the system's temporary folder)
  --cpu-profile DIR  write a CPU profile of each process there
  --json             end with one line of JSON on standard output
`;

export interface IdleOptions {
  readonly torrents: number;
  readonly size: number;
  readonly registryOnly: boolean;
  readonly folder: string;
  readonly cpuProfile: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the command line. Throws an error with a sentence for the user. */
export function parseOptions(args: readonly string[]): IdleOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      torrents: { type: 'string', default: '20000' },
      size: { type: 'string', default: '1KiB' },
      'registry-only': { type: 'boolean', default: false },
      folder: { type: 'string', default: tmpdir() },
      'cpu-profile': { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const torrents = Number(values.torrents);
  const size = parseBytes(values.size);
  const profile = values['cpu-profile'];
  if (!Number.isInteger(torrents) || torrents < 1) throw new Error('--torrents must be 1 or more');
  if (size < 8) throw new Error('--size must be at least 8 bytes, that the blobs differ');
  return {
    torrents,
    size,
    registryOnly: values['registry-only'],
    folder: resolve(values.folder),
    cpuProfile: profile === undefined ? undefined : resolve(profile),
    json: values.json,
    help: values.help,
  };
}
