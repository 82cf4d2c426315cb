/** What torrents cost that nobody fetches: `npm run bench:idle -- --help`. */
import { join } from 'node:path';
import type { PeerAddress } from '../../src/torrent/ids.ts';
import { startAgent, startRegistry, type RegistryProcess } from '../../test/lab/docket.ts';
import { eventually } from '../../test/lab/eventually.ts';
import type { Program } from '../../test/lab/program.ts';
import type { Workplace } from '../../test/lab/workplace.ts';
import { profilingEnvironment } from '../profiling.ts';
import { runBench } from '../run-bench.ts';
import { handlesOf, usageOf } from '../../test/lab/usage.ts';
import { shareAnnounced } from './announced.ts';
import { fetchOne } from './fetch-one.ts';
import { fillAgent, fillRegistry, smallBlob, type SmallBlob } from './make-blobs.ts';
import { parseOptions, usage, type IdleOptions } from './options.ts';

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

await runBench({ name: 'idle', usage, parseOptions, run });

async function run(
  options: IdleOptions,
  place: Workplace,
  say: (line: string) => void,
): Promise<object> {
  const { torrents, size } = options;
  const blobs = Array.from({ length: torrents }, () => smallBlob(size));
  await fillRegistry(join(place.folder, 'registry'), blobs);
  say(`${torrents} blobs of ${size} bytes are there`);

  const registry = await measureRegistry(place, blobs, options);
  say(`registry: ${JSON.stringify(registry.figures)}`);
  let agent: Figures | undefined;
  if (!options.registryOnly) {
    agent = await measureAgent(place, blobs, registry, options);
    say(`agent: ${JSON.stringify(agent)}`);
    say(`registry, then: ${JSON.stringify(usageOf(registry.program.pid))}`);
  }
  return { torrents, ...registry.figures, agent };
}

async function measureRegistry(
  place: Workplace,
  blobs: readonly SmallBlob[],
  options: IdleOptions,
): Promise<RegistryProcess & { readonly figures: Figures }> {
  const began = performance.now();
  const role = await startRegistry(place, roleOptions(place, 'registry', options));
  const readySeconds = secondsSince(began);
  await fetchOne(anyOf(blobs).metainfo, place.folder, { peer: peerOf(role) });
  const directSeconds = secondsSince(began);
  const tracker = `${role.url}/announce`;
  await fetchOne(anyOf(blobs).metainfo, place.folder, { tracker });
  const trackerSeconds = secondsSince(began);
  const figures = { readySeconds, directSeconds, trackerSeconds, ...used(role.program) };
  return { ...role, figures };
}

async function measureAgent(
  place: Workplace,
  blobs: readonly SmallBlob[],
  registry: RegistryProcess,
  options: IdleOptions,
): Promise<Figures> {
  await fillAgent(join(place.folder, 'agent'), blobs, `${registry.url}/announce`);
  const began = performance.now();
  const role = await startAgent(place, {
    registry: registry.url,
    ...roleOptions(place, 'agent', options),
  });
  const readySeconds = secondsSince(began);
  await fetchOne(anyOf(blobs).metainfo, place.folder, { peer: peerOf(role) });
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

function roleOptions(place: Workplace, kind: 'registry' | 'agent', { cpuProfile }: IdleOptions) {
  return {
    location: join(place.folder, kind),
    environment: profilingEnvironment(cpuProfile, kind),
    readyWithin: 120_000,
  };
}

function peerOf({ peerPort }: { readonly peerPort: number }): PeerAddress {
  return { host: '127.0.0.1', port: peerPort };
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
