import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { sha256Of } from '../../oci/digest.ts';
import { noise } from '../../swarm/swarm-fixtures.ts';
import { TestFolder } from '../agent-fixture.ts';
import { GrowingFile } from './growing-file.ts';

const content = noise(11_000_000);

async function setUp(t: test.TestContext) {
  const folder = await TestFolder.make();
  t.after(() => folder[Symbol.asyncDispose]());
  const file = path.join(folder.path, 'file');
  const open = (name = file) => GrowingFile.open(name, 'sha256', AbortSignal.timeout(10_000));
  return { folder: folder.path, file, open };
}

async function fill(file: GrowingFile): Promise<void> {
  for (let at = 0; at < content.length; at += 1_000_000) {
    await file.append(content.subarray(at, at + 1_000_000));
  }
}

test('a file that was closed goes on where it ended', async (t) => {
  const { file, open } = await setUp(t);
  const before = await open();
  await before.append(content.subarray(0, 5_000_000));
  await before.close();
  const after = await open();
  assert.equal(after.length, 5_000_000);
  await after.append(content.subarray(5_000_000));
  assert.equal(after.digest, sha256Of(content));
  await after.close();
  assert.deepEqual(await readFile(file), content);
});

test('of a file whose process died a little is lost, and what was noted counts', async (t) => {
  const { folder, file, open } = await setUp(t);
  const dying = await open();
  await fill(dying);
  const left = path.join(folder, 'left');
  await copyFile(file, left);
  await copyFile(`${file}.hash`, `${left}.hash`);
  await dying.close();
  // What stands behind the noted part may be anything.
  const noted = content.subarray(0, 10_000_000);
  await writeFile(left, Buffer.concat([noted, noise(2_500_000, 3)]));
  const found = await open(left);
  assert.equal(found.length, noted.length);
  assert.equal(found.digest, sha256Of(noted));
  await found.close();
  assert.deepEqual(await readFile(left), noted);
});

test('what was damaged, cut or left without its note is begun anew', async (t) => {
  const { file, open } = await setUp(t);
  for (const harm of [
    () => writeFile(file, noise(1, 4), { flag: 'r+' }),
    () => truncate(file, 1_000_000),
    () => writeFile(`${file}.hash`, '11000'),
    () => writeFile(`${file}.hash`, ''),
  ]) {
    const before = await open();
    await fill(before);
    await before.close();
    await harm();
    const after = await open();
    assert.equal(after.length, 0);
    assert.equal(after.digest, sha256Of(Buffer.alloc(0)));
    assert.equal((await readFile(file)).length, 0);
    await after.close();
  }
});

test('an empty file leaves nothing behind, nor does one that is done with', async (t) => {
  const { folder, file, open } = await setUp(t);
  const empty = await open();
  await empty.close();
  const restarted = await open();
  await fill(restarted);
  await restarted.restart();
  await restarted.close();
  assert.deepEqual(await readdir(folder), []);
  const done = await open();
  await fill(done);
  await done.finish();
  assert.deepEqual(await readdir(folder), [path.basename(file)]);
  await GrowingFile.remove(file);
  assert.deepEqual(await readdir(folder), []);
});
