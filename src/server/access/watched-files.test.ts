import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { WatchedFiles } from './watched-files.ts';

/** A file, and what happens while it is read for the nth time. */
async function watch(t: TestContext, meanwhile: (path: string, count: number) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'docket-watched-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  await writeFile(path, 'one');
  let count = 0;
  const read = (): Promise<void> => meanwhile(path, ++count);
  const files = new WatchedFiles(() => [path], read, new ManualClock());
  t.after(() => files.close());
  await files.mark();
  return { path, files, count: () => count };
}

test('files are read again when they change, and not when they do not', async (t) => {
  const { path, files, count } = await watch(t, async () => {});
  await files.look();
  assert.equal(count(), 0);
  await writeFile(path, 'longer');
  await files.look();
  await files.look();
  assert.equal(count(), 1);
});

test('what changes while the files are read is not missed', async (t) => {
  const { files, count } = await watch(t, async (path, time) => {
    if (time === 1) await writeFile(path, 'longer');
  });
  await files.reload();
  await files.look();
  assert.equal(count(), 2);
  await files.look();
  assert.equal(count(), 2);
});
