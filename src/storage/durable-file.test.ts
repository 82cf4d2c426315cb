import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { makeFolder, writeFileDurably } from './durable-file.ts';

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-durable-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

suite('durable files', () => {
  test('a folder is made with its parents, and again does no harm', async (t) => {
    const folder = join(await folderFor(t), 'a', 'b', 'c');
    await makeFolder(folder, 0o700);
    await makeFolder(folder);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
  });

  test('many may make the same folders at once', async (t) => {
    const folder = join(await folderFor(t), 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(folder)));
    assert.ok((await stat(folder)).isDirectory());
  });

  test('where a file has the name it fails, also above', async (t) => {
    const file = join(await folderFor(t), 'file');
    await writeFile(file, '');
    await assert.rejects(makeFolder(file), { code: 'EEXIST' });
    await assert.rejects(makeFolder(join(file, 'below')), { code: 'ENOTDIR' });
  });

  test(
    'where the system takes no folder it fails, and does not try for ever',
    { timeout: 5_000 },
    async () => {
      await assert.rejects(makeFolder('/proc/docket/below'));
    },
  );

  test('a file is replaced as a whole', async (t) => {
    const file = join(await folderFor(t), 'file');
    await writeFileDurably(file, 'a first text');
    await writeFileDurably(file, Buffer.from('second'));
    assert.equal(await readFile(file, 'utf8'), 'second');
  });
});
