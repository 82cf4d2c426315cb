import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLog } from '../base/log.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { Watched } from './watched.ts';

/** A file that is watched, and how often it was read; `afterRead` is run at the end of each time. */
async function watch(t: TestContext, afterRead: (path: string, count: number) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'docket-watched-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  await writeFile(path, 'one');
  let count = 0;
  const watched = await Watched.open({
    read: async () => {
      const text = await readFile(path, 'utf8');
      if (text === '') throw new Error('it is empty');
      await afterRead(path, ++count);
      return text;
    },
    paths: () => [path],
    clock: new ManualClock(),
    log: silentLog,
    again: 'again',
    failed: 'failed',
    fields: () => ({}),
  });
  t.after(() => watched.close());
  return { path, watched, count: () => count };
}

test('files are read again when they change, and not when they do not', async (t) => {
  const { path, watched, count } = await watch(t, async () => {});
  await watched.look();
  assert.deepEqual([watched.current, count()], ['one', 1]);
  await writeFile(path, 'longer');
  await watched.look();
  await watched.look();
  assert.deepEqual([watched.current, count()], ['longer', 2]);
});

test('what cannot be used leaves what was before', async (t) => {
  const { path, watched } = await watch(t, async () => {});
  const heard: string[] = [];
  watched.onChange((text) => heard.push(text));
  await writeFile(path, '');
  await watched.look();
  assert.equal(watched.current, 'one');
  await writeFile(path, 'three');
  await watched.look();
  assert.equal(watched.current, 'three');
  assert.deepEqual(heard, ['three']);
});

test('what changes while the files are read is not missed', async (t) => {
  const { watched, count } = await watch(t, async (path, time) => {
    if (time === 2) await writeFile(path, 'longer');
  });
  await watched.reload();
  assert.deepEqual([watched.current, count()], ['one', 2]);
  await watched.look();
  assert.deepEqual([watched.current, count()], ['longer', 3]);
  await watched.look();
  assert.equal(count(), 3);
});
