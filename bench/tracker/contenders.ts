import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InfoHash } from '../../src/torrent/ids.ts';
import { eventually } from '../../test/lab/eventually.ts';
import { findProgram, type Program } from '../../test/lab/program.ts';
import type { Workplace } from '../../test/lab/workplace.ts';
import { fillRegistry, type SmallBlob } from '../idle-torrents/make-blobs.ts';
import { profiling } from '../profiling.ts';
import type { Kind } from './options.ts';

/** A tracker that runs. */
export interface RunningTracker {
  readonly program: Program;
  readonly port: number;
}

/** A tracker that takes part. */
export interface Contender {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** Starts it on one core, for the torrents of these blobs. */
  start(place: Workplace, blobs: readonly SmallBlob[]): Promise<RunningTracker>;
}

const docketMain = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Runs a command on one core only. */
export function onCore(core: number, command: readonly string[]): readonly string[] {
  return findProgram('taskset') === undefined ? command : ['taskset', '-c', `${core}`, ...command];
}

/** Docket's tracker, in a registry that has the blobs. */
export function docket(cpuProfile: string | undefined): Contender {
  return {
    name: 'docket',
    kinds: ['http', 'udp', 'batch'],
    start: async (place, blobs) => {
      const folder = join(place.folder, 'registry');
      await fillRegistry(folder, blobs);
      const node = [process.execPath, ...profiling(cpuProfile, 'registry'), docketMain];
      const options = ['--bind', '127.0.0.1', '-p', '0', '--peer-port', '0', '-l', folder];
      const program = place.start(onCore(0, [...node, 'registry', ...options]), { name: 'docket' });
      const [, port] = await program.line(/ready: http:\/\/127\.0\.0\.1:(\d+) /, 60_000);
      return { program, port: Number(port) };
    },
  };
}

/** opentracker, which gives peers only for the info hashes that stand in a file. */
export const opentracker: Contender = {
  name: 'opentracker',
  kinds: ['http', 'udp'],
  start: async (place, blobs) => {
    const folder = await place.newFolder('opentracker');
    const hashes = blobs.map(({ metainfo }): InfoHash => metainfo.infoHash);
    await writeFile(join(folder, 'whitelist'), `${hashes.join('\n')}\n`);
    const port = 26_969;
    const command = ['opentracker', '-i', '127.0.0.1', '-p', `${port}`, '-P', `${port}`];
    const program = place.start(onCore(0, [...command, '-d', folder, '-w', '/whitelist']), {
      name: 'opentracker',
    });
    await eventually('opentracker to answer', async () => {
      await fetch(`http://127.0.0.1:${port}/stats`);
      return true;
    });
    return { program, port };
  },
};
