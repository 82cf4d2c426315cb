import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, type Clock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { ManualClock } from '../base/manual-clock.ts';
import type { InfoHash } from '../torrent/ids.ts';
import { WhitelistAnnouncer } from './whitelist-announcer.ts';

const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(40) as InfoHash) as [
  InfoHash,
  InfoHash,
  InfoHash,
];

async function harness(reload: (text: string) => Promise<void>, clock: Clock = systemClock) {
  const folder = await mkdtemp(join(tmpdir(), 'docket-whitelist-'));
  const path = join(folder, 'whitelist');
  const announced: InfoHash[] = [];
  const removed: InfoHash[] = [];
  const arrivals = Promise.withResolvers<void>();
  const whitelist = new WhitelistAnnouncer({
    path,
    clock,
    log: silentLog,
    reload: async () => await reload(await readFile(path, 'utf8')),
    next: {
      add: (infoHashes) => {
        for (const infoHash of infoHashes) announced.push(infoHash);
        arrivals.resolve();
      },
      remove: (infoHash) => void removed.push(infoHash),
    },
  });
  return {
    folder,
    path,
    whitelist,
    announced,
    removed,
    arrived: arrivals.promise,
    [Symbol.asyncDispose]: async () => {
      await whitelist.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

test('seeds are written one a line and the tracker told, before they are announced', async () => {
  const reloads: string[] = [];
  await using it = await harness(async (text) => {
    assert.deepEqual(it.announced, []);
    reloads.push(text);
  });
  it.whitelist.add([b, a]);
  it.whitelist.add([c]);
  await it.arrived;
  assert.deepEqual(reloads, [`${a}\n${b}\n${c}\n`]);
  assert.deepEqual(it.announced, [b, a, c]);
  assert.deepEqual(await readdir(it.folder), ['whitelist']);
});

test('a seed that is gone is taken from the list and announced no more', async () => {
  await using it = await harness(async () => {});
  it.whitelist.add([a, b]);
  it.whitelist.remove(b);
  await it.arrived;
  assert.equal(await readFile(it.path, 'utf8'), `${a}\n`);
  assert.deepEqual(it.announced, [a]);
  assert.deepEqual(it.removed, [b]);
});

test('seeds are announced also when the command that reloads fails', async () => {
  await using it = await harness(async () => {
    throw new Error('no such command');
  });
  it.whitelist.add([a]);
  await it.arrived;
  assert.deepEqual(it.announced, [a]);
});

test('hundreds of thousands of seeds, as a start brings them, are written and announced', async () => {
  await using it = await harness(async () => {});
  const many = Array.from(
    { length: 300_000 },
    (_, at) => at.toString(16).padStart(40, '0') as InfoHash,
  );
  it.whitelist.add(many);
  await it.arrived;
  assert.equal(await readFile(it.path, 'utf8'), many.map((infoHash) => `${infoHash}\n`).join(''));
});

test('seeds that could not be written are announced when they are, later', async () => {
  const clock = new ManualClock();
  const waiting = async (): Promise<void> => {
    while (clock.waiting === 0) await delay(5);
  };
  await using it = await harness(async () => {}, clock);
  await mkdir(it.path);
  it.whitelist.add([a]);
  clock.advance(200);
  await waiting();
  assert.deepEqual(it.announced, []);
  await rmdir(it.path);
  clock.advance(10_000);
  await it.arrived;
  assert.deepEqual(it.announced, [a]);
});

test('a seed that comes while the tracker reloads is written next', async () => {
  let reloads = 0;
  const second = Promise.withResolvers<void>();
  await using it = await harness(async () => {
    reloads++;
    if (reloads === 1) it.whitelist.add([b]);
    else second.resolve();
  });
  it.whitelist.add([a]);
  await second.promise;
  assert.equal(await readFile(it.path, 'utf8'), `${a}\n${b}\n`);
});
