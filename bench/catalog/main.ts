/**
 * What listings, a start and a garbage collection cost on a large catalog: `npm run bench:catalog [-- --json]`. Lists are walked
 * from page to page. Times are milliseconds; the limits count the processor's.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { silentLog } from '../../src/base/log.ts';
import { startRegistry } from '../../src/server/registry-role.ts';
import { fillCatalog } from './fill.ts';

interface Result {
  readonly case: string;
  /** Milliseconds: the slowest page, or the whole. */
  readonly slowest: number;
  readonly median: number;
  /** Milliseconds of the processor for a page, client and all. */
  readonly processor: number;
  /** Pages, or 1. */
  readonly pages: number;
  /** Milliseconds that it may take of the processor: the machine may be busy with other things. */
  readonly limit: number;
}

const { values } = parseArgs({
  options: {
    tags: { type: 'string', default: '100000' },
    repositories: { type: 'string', default: '10000' },
    referrers: { type: 'string', default: '10000' },
    json: { type: 'boolean', default: false },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'docket-catalog-'));
const results: Result[] = [];
try {
  const amounts = {
    tags: Number(values.tags),
    repositories: Number(values.repositories),
    referrers: Number(values.referrers),
  };
  const subject = await fillCatalog(folder, amounts);
  const start = performance.now();
  const processor = process.cpuUsage();
  const registry = await startRegistry({
    host: '127.0.0.1',
    port: 0,
    peerHost: '127.0.0.1',
    peerPort: 0,
    location: folder,
    gcInterval: 0,
    log: silentLog,
  });
  one('start', performance.now() - start, since(processor), 3000);
  try {
    for (const [name, path] of [
      ['tags, 100 a page', '/v2/large/tags/list?n=100'],
      ['tags, 1000 a page', '/v2/large/tags/list?n=1000'],
      ['tags, as many as there may be', '/v2/large/tags/list'],
      ['catalog, 100 a page', '/v2/_catalog?n=100'],
      ['catalog, as many as there may be', '/v2/_catalog'],
      ['images, as many as there may be', '/api/v1/images'],
      ['referrers, as many as there may be', `/v2/large/referrers/${subject}`],
    ] as const) {
      await walk(name, registry.url, path);
    }
    const loop = monitorEventLoopDelay({ resolution: 1 });
    loop.enable();
    const before = process.cpuUsage();
    const seconds = await collect(registry.url);
    loop.disable();
    one('a dry garbage collection', seconds * 1000, since(before), Infinity);
    one('… its longest hold of the event loop', loop.max / 1e6, 0, Infinity);
  } finally {
    await registry.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

if (values.json) process.stdout.write(`${JSON.stringify({ results })}\n`);
else {
  process.stdout.write(`${''.padEnd(40)}   slowest    median  processor  pages\n`);
  for (const { case: name, slowest, median, processor, pages } of results) {
    const times = [slowest, median, processor].map((time) => time.toFixed(1).padStart(10)).join('');
    process.stdout.write(`${name.padEnd(40)}${times} ${String(pages).padStart(6)}\n`);
  }
}
const slow = results.filter(({ processor, limit }) => processor > limit);
for (const { case: name, limit } of slow) {
  process.stderr.write(`${name} took more than ${limit} ms of the processor\n`);
}
process.exitCode = slow.length === 0 ? 0 : 1;

function one(name: string, time: number, processor: number, limit: number): void {
  results.push({ case: name, slowest: time, median: time, processor, pages: 1, limit });
}

/** Milliseconds of the processor since then. */
function since(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Reads a list from its first page to its last, or 300 pages of it. */
async function walk(name: string, url: string, first: string): Promise<void> {
  const times: number[] = [];
  // The first request of a kind makes the program ready for the others.
  await (await request(url + first)).body.dump();
  const before = process.cpuUsage();
  for (let path: string | undefined = first; path !== undefined && times.length < 300;) {
    const begin = performance.now();
    const answer: Awaited<ReturnType<typeof request>> = await request(url + path);
    await answer.body.text();
    times.push(performance.now() - begin);
    if (answer.statusCode !== 200) throw new Error(`${path}: HTTP status ${answer.statusCode}`);
    path = /<(.*)>; rel="next"/.exec(String(answer.headers['link'] ?? ''))?.[1];
  }
  const sorted = times.toSorted((a, b) => a - b);
  results.push({
    case: name,
    slowest: sorted.at(-1) ?? 0,
    median: sorted[sorted.length >> 1] ?? 0,
    processor: since(before) / times.length,
    pages: times.length,
    limit: 50,
  });
}

/** Seconds. */
async function collect(url: string): Promise<number> {
  const answer = await request(`${url}/api/v1/gc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"dryRun":true}',
  });
  const lines = (await answer.body.text()).trim().split('\n');
  const summary = JSON.parse(lines.at(-1) ?? '') as { readonly seconds: number };
  return summary.seconds;
}
