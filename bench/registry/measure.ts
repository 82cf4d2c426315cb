import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Workplace } from '../../test/lab/workplace.ts';
import { warmMemory } from '../warm-memory.ts';
import type { BenchCase } from './cases.ts';
import type { Contender, RunningRegistry } from './contenders.ts';
import type { Loaded, LoadJob, LoadWork } from './load.ts';

const load = fileURLToPath(new URL('load.ts', import.meta.url));

/** What one registry did in one case. */
export interface Measured {
  /** Units a second, as the case counts them. */
  readonly rate: number;
  readonly cpuSeconds: number;
  /** The most memory of the process that was measured, in bytes. */
  readonly peakRss: number;
  /** The part of a core that the client used. */
  readonly clientShare: number;
}

/** Where a blob that must be there before is pushed to. */
const repository = 'bench/blob';

/** Measures one registry once, in a process and a folder of its own. */
export async function measure(
  place: Workplace,
  contender: Contender,
  { holds, writes, work, perUnit }: BenchCase,
): Promise<Measured> {
  const folder = await mkdtemp(join(place.folder, `${contender.name}-`));
  try {
    const digest = holds === undefined ? '' : await fill(place, contender, folder, holds);
    // What was left to be written would take the disk from what is measured.
    await place.run(['sync']);
    await warmMemory(place.folder, 2 * writes);
    const registry = await contender.start(place, folder);
    try {
      const loaded = await run(place, registry, work(digest));
      return {
        rate: loaded.done / perUnit / loaded.seconds,
        cpuSeconds: loaded.cpuSeconds,
        peakRss: loaded.peakRss,
        clientShare: loaded.clientShare,
      };
    } finally {
      await registry.program.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Gives a registry a blob, and ends that process: what it needed for it is not measured. */
async function fill(
  place: Workplace,
  contender: Contender,
  folder: string,
  size: number,
): Promise<string> {
  const registry = await contender.start(place, folder);
  try {
    const { digest } = await run(place, registry, { kind: 'push', size });
    if (digest === undefined) throw new Error('nothing was pushed');
    await contender.settle(registry.port, repository, digest);
    return digest;
  } finally {
    await registry.program.stop();
  }
}

async function run(
  place: Workplace,
  { program, port }: RunningRegistry,
  work: LoadWork,
): Promise<Loaded> {
  const job: LoadJob = { port, pid: program.pid, ...work };
  try {
    const output = await place.run([process.execPath, load, JSON.stringify(job)], {
      name: 'client',
      within: 600_000,
    });
    const [, text] = /^loaded (.*)$/m.exec(output) ?? [];
    if (text === undefined) throw new Error(`the client told nothing: ${output}`);
    return JSON.parse(text) as Loaded;
  } catch (error) {
    throw new Error(`the load failed${program.report()}`, { cause: error });
  }
}
