/**
 * What one very large layer costs in memory: `npm run bench:large [-- --size 10GB --reader-rate BYTES/s --json]`. A
 * registry holds a blob of zeros (a sparse file), an agent fetches it through the swarm, and a client reads it from the
 * agent as it comes, as fast as it can or by the rate.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import { createRateLimiter } from '../../src/base/rate-limiter.ts';
import { parseBytes } from '../../src/base/units.ts';
import { parseDigest, type Digest } from '../../src/oci/digest.ts';
import { parseRepository } from '../../src/oci/reference.ts';
import { DiskBlobStore } from '../../src/storage/disk-blob-store.ts';
import { startAgent, startRegistry } from '../../test/lab/docket.ts';
import { eventually } from '../../test/lab/eventually.ts';
import { Workplace } from '../../test/lab/workplace.ts';
import { openHastily } from '../hasty-catalog.ts';
import { usageOf } from '../usage.ts';

const repository = 'bench/large';
const patience = 3600_000;

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1GB' },
    'reader-rate': { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
});
const size = parseBytes(values.size);
const readerRate = values['reader-rate'];

await using place = new Workplace(await mkdtemp(join(values.folder, 'docket-large-')));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void place[Symbol.asyncDispose]().then(() => process.exit(1));
  });
}
const location = join(place.folder, 'registry');
const digest = await makeLayer(location, size);
const registry = await startRegistry(place, { location });
const madeBegan = performance.now();
await eventually(
  'the torrent to be made',
  async () => {
    const url = `${registry.url}/v2/${repository}/_docket/torrents/${digest}`;
    return (await fetch(url, { signal: AbortSignal.timeout(patience) })).ok;
  },
  { within: patience },
);
const madeSeconds = (performance.now() - madeBegan) / 1000;
const agent = await startAgent(place, { registry: registry.url });

const began = performance.now();
await drain(`${agent.url}/v2/${repository}/blobs/${digest}`);
const seconds = (performance.now() - began) / 1000;
const download = await eventually(
  'the blob to be in the cache',
  async () => {
    const found = await agent.download(digest);
    return found?.state === 'downloading' ? undefined : found;
  },
  { within: patience, every: 200 },
);
const [agentUsed, registryUsed] = [agent, registry].map(({ program }) => usageOf(program.pid));
const result = {
  bytes: size,
  torrentSeconds: round(madeSeconds),
  seconds: round(seconds),
  bytesFromPeers: download.bytesFromPeers,
  agentPeakRssMB: round((agentUsed?.peakRss ?? 0) / 1e6),
  agentCpuSeconds: agentUsed?.cpuSeconds,
  registryPeakRssMB: round((registryUsed?.peakRss ?? 0) / 1e6),
  registryCpuSeconds: registryUsed?.cpuSeconds,
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(20)} ${value}`);

/** Puts a blob of zeros into a registry's folder. */
async function makeLayer(folder: string, length: number): Promise<Digest> {
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(1 << 20);
  for (let at = 0; at < length; at += zeros.length)
    hash.update(zeros.subarray(0, Math.min(zeros.length, length - at)));
  const made = parseDigest(`sha256:${hash.digest('hex')}`);
  await mkdir(folder, { recursive: true });
  await using store = await DiskBlobStore.open(folder);
  await mkdir(dirname(store.pathOf(made)), { recursive: true });
  await using file = await open(store.pathOf(made), 'w');
  await file.truncate(length);
  await using catalog = await openHastily(join(folder, 'catalog.db'));
  await catalog.blobs.link(parseRepository(repository), { digest: made, size: length });
  return made;
}

/** Reads a body to its end, and looks at its length only. */
async function drain(url: string): Promise<void> {
  const answer = await fetch(url);
  const link = createRateLimiter(
    readerRate === undefined ? undefined : parseBytes(readerRate),
    systemClock,
  );
  // The limiter's clock keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  let received = 0;
  for await (const chunk of answer.body ?? []) {
    received += chunk.length;
    await link.take(chunk.length);
  }
  clearInterval(alive);
  if (!answer.ok || received !== size)
    throw new Error(`status ${answer.status} and ${received} bytes`);
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
