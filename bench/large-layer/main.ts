/** What one very large layer costs in memory: `npm run bench:large -- --help`. */
import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { createRateLimiter } from '../../src/base/rate-limiter.ts';
import { parseDigest, type Digest } from '../../src/oci/digest.ts';
import { parseRepository } from '../../src/oci/reference.ts';
import { DiskBlobStore } from '../../src/storage/disk-blob-store.ts';
import { startAgent, startRegistry } from '../../test/lab/docket.ts';
import { eventually } from '../../test/lab/eventually.ts';
import { getTorrent } from '../../test/lab/oci-client.ts';
import { usageOf } from '../../test/lab/usage.ts';
import type { Workplace } from '../../test/lab/workplace.ts';
import { openHastily } from '../hasty-catalog.ts';
import { runBench } from '../run-bench.ts';
import { parseOptions, usage, type LargeOptions } from './options.ts';

const repository = 'bench/large';
const patience = 3600_000;

await runBench({ name: 'large', usage, parseOptions, run });

async function run(
  options: LargeOptions,
  place: Workplace,
  say: (line: string) => void,
): Promise<object> {
  const location = await place.newFolder('registry');
  const digest = await makeLayer(location, options.size);
  const registry = await startRegistry(place, { location });
  const torrentSeconds = await secondsOf(() =>
    eventually('the torrent', () => getTorrent(registry.url, repository, digest), {
      within: patience,
    }),
  );
  const agent = await startAgent(place, { registry: registry.url });
  const seconds = await secondsOf(() =>
    drain(`${agent.url}/v2/${repository}/blobs/${digest}`, options),
  );
  const download = await eventually(
    'the blob to be in the cache',
    async () => {
      const found = await agent.download(digest);
      return found?.state === 'downloading' ? undefined : found;
    },
    { within: patience, every: 200 },
  );
  const agentUsed = usageOf(agent.program.pid);
  const registryUsed = usageOf(registry.program.pid);
  const result = {
    bytes: options.size,
    torrentSeconds: round(torrentSeconds),
    seconds: round(seconds),
    bytesFromPeers: download.bytesFromPeers,
    agentPeakRssMB: round(agentUsed.peakRss / 1e6),
    agentCpuSeconds: agentUsed.cpuSeconds,
    registryPeakRssMB: round(registryUsed.peakRss / 1e6),
    registryCpuSeconds: registryUsed.cpuSeconds,
  };
  for (const [name, value] of Object.entries(result)) say(`${name.padEnd(20)} ${value}`);
  return result;
}

/** Puts a blob of zeros into a registry's folder. */
async function makeLayer(folder: string, length: number): Promise<Digest> {
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(1 << 20);
  for (let at = 0; at < length; at += zeros.length)
    hash.update(zeros.subarray(0, Math.min(zeros.length, length - at)));
  const digest = parseDigest(`sha256:${hash.digest('hex')}`);
  await using store = await DiskBlobStore.open(folder);
  await mkdir(dirname(store.pathOf(digest)), { recursive: true });
  await using file = await open(store.pathOf(digest), 'w');
  await file.truncate(length);
  await using catalog = await openHastily(join(folder, 'catalog.db'));
  await catalog.blobs.link(parseRepository(repository), { digest, size: length });
  return digest;
}

/** Reads a body to its end, by the reader's rate, and looks at its length only. */
async function drain(url: string, { size, readerRate }: LargeOptions): Promise<void> {
  const link = createRateLimiter(readerRate, systemClock);
  const answer = await fetch(url);
  let received = 0;
  for await (const chunk of answer.body ?? []) {
    received += chunk.length;
    await link.take(chunk.length);
  }
  if (!answer.ok || received !== size)
    throw new Error(`status ${answer.status} and ${received} bytes`);
}

async function secondsOf(task: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await task();
  return (performance.now() - began) / 1000;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
