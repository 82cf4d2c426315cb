import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/base/random.ts';
import { DiskBlobStore } from '../../src/storage/disk-blob-store.ts';
import { Workplace } from '../lab/workplace.ts';
import { Gone, MortalRegistry } from './registry.ts';
import { Worker, type WorkerCounts } from './worker.ts';

export interface SoakOptions {
  readonly milliseconds: number;
  readonly seed: number;
  /** Milliseconds that what nothing points to stays: what is pushed must become an image meanwhile. */
  readonly grace: number;
  /** Hears what is going on. */
  readonly say: (line: string) => void;
}

export interface SoakResult extends WorkerCounts {
  readonly seed: number;
  readonly kills: number;
  readonly collections: number;
  readonly blobsAtTheEnd: number;
}

const workers = 5;

/**
 * Workers push, pull and delete, garbage is collected, and the registry is killed again and again. Throws when something is
 * lost that was answered, is given away wrong, or is left over at the end.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { milliseconds, seed, grace, say } = options;
  await using place = new Workplace(await mkdtemp(join(tmpdir(), 'docket-soak-')));
  const registry = new MortalRegistry(place, join(place.folder, 'registry'), grace);
  await registry.start();
  const names = Array.from({ length: workers }, (_, at) => `team/app${at}`);
  const all = names.map(
    (repository, at) =>
      new Worker({
        registry,
        random: seededRandom(seed * 100 + at),
        repository,
        others: names.filter((name) => name !== repository),
        grace,
      }),
  );
  const ending = new AbortController();
  const isOver = (): boolean => ending.signal.aborted;
  const until = performance.now() + milliseconds;
  let collections = 0;
  const collect = async (options: object = {}): Promise<void> => {
    try {
      const { status, body } = await registry.ask('/api/v1/gc', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(options),
      });
      assert.equal(status, 200, body.toString());
      collections++;
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  };
  const working = all.map(async (worker) => {
    while (!isOver()) await worker.act();
  });
  const collecting = (async (): Promise<void> => {
    while (!isOver()) {
      await collect();
      await pause(500, ending.signal);
    }
  })();
  const killing = (async (): Promise<void> => {
    const random = seededRandom(seed);
    while (performance.now() < until) {
      await pause(Math.min(500 + random() * 3000, until - performance.now()), ending.signal);
      if (isOver()) return;
      await registry.kill();
      await registry.start();
      say(`killed ${registry.kills} times, ${sum(all).pushes} pushes`);
    }
    ending.abort();
  })();
  try {
    await Promise.all([...working, collecting, killing]);
  } catch (error) {
    ending.abort();
    say(registry.report());
    throw error;
  }

  for (const worker of all) await worker.check();
  // What an untagged manifest pointed to goes when that is gone.
  for (let round = 0; round < 3; round++) await collect({ grace: 0 });
  const held = new Set<string>();
  for (const worker of all) for (const digest of await worker.check()) held.add(digest);
  await expectAllGood(registry);
  await registry.kill();
  const left: string[] = [];
  await using store = await DiskBlobStore.open(registry.folder);
  for await (const { digest } of store.list()) if (!held.has(digest)) left.push(digest);
  assert.deepEqual(left, [], 'blobs are left over that no image has');
  return { seed, ...sum(all), kills: registry.kills, collections, blobsAtTheEnd: held.size };
}

async function expectAllGood(registry: MortalRegistry): Promise<void> {
  const path = '/api/v1/verify';
  const headers = { 'Content-Type': 'application/json' };
  const { status } = await registry.ask(path, { method: 'POST', headers, body: '{}' });
  assert.equal(status, 202);
  for (;;) {
    const { body } = await registry.ask(path);
    const { state, badCount } = JSON.parse(body.toString()) as { state: string; badCount: number };
    if (state === 'running') await delay(50);
    else return assert.deepEqual({ state, badCount }, { state: 'done', badCount: 0 });
  }
}

function sum(all: readonly Worker[]): WorkerCounts {
  const total: WorkerCounts = { pushes: 0, pulls: 0, deletes: 0, resumed: 0 };
  for (const { counts } of all) {
    total.pushes += counts.pushes;
    total.pulls += counts.pulls;
    total.deletes += counts.deletes;
    total.resumed += counts.resumed;
  }
  return total;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(Math.max(0, milliseconds), undefined, { signal }).catch(() => {});
}
