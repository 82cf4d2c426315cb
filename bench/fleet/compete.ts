import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Workplace } from '../../test/lab/workplace.ts';
import type { Contender } from './contenders/contender.ts';
import type { Outcome } from './figures.ts';
import type { FleetImage } from './image.ts';
import type { Network } from './network.ts';
import type { FleetOptions } from './options.ts';
import { race } from './race.ts';
import { makeStartGate } from './start-gate.ts';
import { warmMemory } from '../warm-memory.ts';
import { UsageMeter } from './usage-meter.ts';

export interface CompeteOptions {
  readonly place: Workplace;
  readonly network: Network;
  readonly image: FleetImage;
  readonly options: FleetOptions;
  readonly boundSeconds: number;
  readonly say: (text: string) => void;
}

/** Lets one contender bring the image to all hosts, and ends all of its programs. */
export async function compete(contender: Contender, given: CompeteOptions): Promise<Outcome> {
  const { network, image, options, boundSeconds, say } = given;
  const { name } = contender;
  const place = new Workplace(await given.place.newFolder(name));
  given.place.defer(() => end(place));
  const gate = await makeStartGate(place);
  const meter = new UsageMeter();
  const limit = limitOf(options, boundSeconds);
  try {
    say(`${name}: getting ready\n`);
    const contest = { place, network, image, options, gate, meter, limit };
    const field = await contender.prepare(contest);
    // Each host writes the image, and somebody may read it again.
    await warmMemory(place.folder, network.hosts.length * image.size);
    say(`${name}: started\n`);
    const before = await network.zoneBytes();
    meter.start();
    const results = await race(field.runners, gate, boundSeconds);
    const usage = meter.stop();
    const after = await network.zoneBytes();
    const zoneBytes = after.map((bytes, zone) => bytes - (before[zone] ?? 0));
    const originSent = await field.originSent();
    for (const { plan, problem } of results) {
      if (problem !== undefined) say(`${name}: ${plan.name} never had everything: ${problem}\n`);
    }
    return { name, results, usage, originSent, zoneBytes };
  } finally {
    if (options.keepLogs !== undefined) await keepLogs(place, join(options.keepLogs, name));
    // A profile is written when its program ends by itself.
    if (options.cpuProfile !== undefined) {
      await Promise.all(place.programs.map((program) => program.stop(20_000)));
    }
    await end(place);
  }
}

/** A stop of one program after another, each with patience, would take long with many hosts. */
async function end(place: Workplace): Promise<void> {
  await Promise.all(place.programs.map((program) => program.kill()));
  await place[Symbol.asyncDispose]();
}

/** Far more milliseconds than any contender takes: one copy after another over a slow link. */
function limitOf({ hosts, slow, stagger }: FleetOptions, boundSeconds: number): number {
  const copies = Math.max(slow === 0 ? 10 : 40, 2 * hosts);
  return (copies * boundSeconds + stagger + 120) * 1000;
}

async function keepLogs(place: Workplace, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, stdout, stderr } of place.programs) {
    if (stdout + stderr === '') continue;
    await writeFile(join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.log`), stdout + stderr);
  }
}
