/** What torrents cost that nobody fetches: `npm run bench:idle -- --help`. */
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../src/base/errors.ts';
import { eventually } from '../../test/lab/eventually.ts';
import type { Program } from '../../test/lab/program.ts';
import { Workplace } from '../../test/lab/workplace.ts';
import { handlesOf, usageOf } from '../usage.ts';
import { shareAnnounced } from './announced.ts';
import { fetchOne } from './fetch-one.ts';
import { fillAgent, fillRegistry, smallBlob, type SmallBlob } from './make-blobs.ts';
import { parseOptions, usage, type IdleOptions } from './options.ts';

const docket = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** What one process did and uses. */
interface Figures {
  /** From its start until it said that it is ready. */
  readonly readySeconds: number;
  /** From its start until a peer had a blob from it that it dialled, and by the tracker. */
  readonly directSeconds: number;
  readonly trackerSeconds?: number;
  /** From its start until the tracker knew of all its blobs. */
  readonly announcedSeconds?: number;
  readonly rssMB: number;
  readonly peakRssMB: number;
  readonly handles: number;
  readonly cpuSeconds: number;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(usage);
  else await run(options);
} catch (error) {
  process.stderr.write(`Error: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function run(options: IdleOptions): Promise<void> {
  const { torrents, size } = options;
  const say = (line: string): void => {
    (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  };
  if (options.cpuProfile !== undefined) await mkdir(options.cpuProfile, { recursive: true });
  await using place = new Workplace(await mkdtemp(join(options.folder, 'docket-idle-')));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void place[Symbol.asyncDispose]().then(() => process.exit(1));
    });
  }
  const blobs = Array.from({ length: torrents }, () => smallBlob(size));
  await fillRegistry(join(place.folder, 'registry'), blobs);
  say(`${torrents} blobs of ${size} bytes are there`);

  const registry = await startRegistry(place, blobs, options);
  say(`registry: ${JSON.stringify(registry.figures)}`);
  let agent: Figures | undefined;
  if (!options.registryOnly) {
    agent = await startAgent(place, blobs, registry, options);
    say(`agent: ${JSON.stringify(agent)}`);
    say(`registry, then: ${JSON.stringify(usageOf(registry.program.pid))}`);
  }
  if (options.json)
    process.stdout.write(`${JSON.stringify({ torrents, ...registry.figures, agent })}\n`);
}

interface Registry {
  readonly program: Program;
  readonly url: string;
  readonly figures: Figures;
}

async function startRegistry(
  place: Workplace,
  blobs: readonly SmallBlob[],
  options: IdleOptions,
): Promise<Registry> {
  const began = performance.now();
  const role = await startRole(place, 'registry', [], options);
  const readySeconds = secondsSince(began);
  await fetchOne(anyOf(blobs).metainfo, place.folder, { peer: role.peer });
  const directSeconds = secondsSince(began);
  const tracker = `${role.url}/announce`;
  await fetchOne(anyOf(blobs).metainfo, place.folder, { tracker });
  const trackerSeconds = secondsSince(began);
  const figures = { readySeconds, directSeconds, trackerSeconds, ...used(role.program) };
  return { ...role, figures };
}

async function startAgent(
  place: Workplace,
  blobs: readonly SmallBlob[],
  registry: Registry,
  options: IdleOptions,
): Promise<Figures> {
  await fillAgent(join(place.folder, 'agent'), blobs, `${registry.url}/announce`);
  const began = performance.now();
  const role = await startRole(place, 'agent', ['--registry', registry.url], options);
  const readySeconds = secondsSince(began);
  await fetchOne(anyOf(blobs).metainfo, place.folder, { peer: role.peer });
  const directSeconds = secondsSince(began);
  const sample = Array.from({ length: 64 }, () => anyOf(blobs).metainfo.infoHash);
  const distinct = [...new Set(sample)];
  await eventually(
    'the tracker to know of all',
    async () => (await shareAnnounced(registry.url, distinct)) === 1,
    { within: 120_000, every: 200 },
  );
  const announcedSeconds = secondsSince(began);
  return { readySeconds, directSeconds, announcedSeconds, ...used(role.program) };
}

async function startRole(
  place: Workplace,
  kind: 'registry' | 'agent',
  more: readonly string[],
  options: IdleOptions,
) {
  const profile =
    options.cpuProfile === undefined
      ? []
      : [
          '--cpu-prof',
          `--cpu-prof-dir=${options.cpuProfile}`,
          `--cpu-prof-name=${kind}.cpuprofile`,
        ];
  const address = ['--bind', '127.0.0.1', '-p', '0', '--peer-port', '0'];
  const location = ['-l', join(place.folder, kind)];
  const program = place.start(
    [process.execPath, ...profile, docket, kind, ...address, ...location, ...more],
    { name: kind },
  );
  const ready = await program.line(/^docket \w+ ready: (\S+) peers (\d+)$/, 120_000);
  return {
    program,
    url: ready[1] ?? '',
    peer: { host: '127.0.0.1', port: Number(ready[2]) },
  };
}

function used(program: Program): Pick<Figures, 'rssMB' | 'peakRssMB' | 'handles' | 'cpuSeconds'> {
  const { rss, peakRss, cpuSeconds } = usageOf(program.pid);
  const megabytes = (bytes: number): number => Number((bytes / 1e6).toFixed(1));
  return {
    rssMB: megabytes(rss),
    peakRssMB: megabytes(peakRss),
    handles: handlesOf(program.pid),
    cpuSeconds,
  };
}

function anyOf(blobs: readonly SmallBlob[]): SmallBlob {
  return blobs[Math.floor(Math.random() * blobs.length)] as SmallBlob;
}

function secondsSince(began: number): number {
  return Number(((performance.now() - began) / 1000).toFixed(2));
}
