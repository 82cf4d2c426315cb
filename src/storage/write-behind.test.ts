import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemFiles, type OpenFile } from './files.ts';
import { WriteBehind } from './write-behind.ts';

async function temporaryFile() {
  const folder = await mkdtemp(join(tmpdir(), 'docket-write-'));
  const path = join(folder, 'file');
  const file = await systemFiles.open(path, 'wx');
  return {
    path,
    file,
    [Symbol.asyncDispose]: async () => {
      await file.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The file, with some of its operations replaced. */
function changed(file: OpenFile, operations: Partial<OpenFile>): OpenFile {
  return {
    read: (...part) => file.read(...part),
    write: (...part) => file.write(...part),
    truncate: (length) => file.truncate(length),
    sync: () => file.sync(),
    datasync: () => file.datasync(),
    stat: () => file.stat(),
    close: () => file.close(),
    [Symbol.asyncDispose]: () => file.close(),
    ...operations,
  };
}

test('chunks of all lengths stand in the file one after another, though their memory is used again', async () => {
  await using it = await temporaryFile();
  const bytes = randomBytes(3_000_000);
  const writer = new WriteBehind(it.file, 0);
  const chunk = Buffer.alloc(700_000);
  for (let at = 0, length = 1; at < bytes.length; length = (length * 7) % 699_999) {
    const part = bytes.subarray(at, at + length);
    part.copy(chunk);
    await writer.write(chunk.subarray(0, part.length));
    at += part.length;
  }
  chunk.fill(0);
  await writer.finish();
  assert.ok((await readFile(it.path)).equals(bytes));
});

test('a long stream is synced on the way, and all of it at the end', async () => {
  await using it = await temporaryFile();
  const synced: number[] = [];
  const file = changed(it.file, {
    datasync: async () => {
      synced.push((await it.file.stat()).size);
    },
  });
  const writer = new WriteBehind(file, 0);
  const chunk = Buffer.alloc(1 << 20);
  for (let count = 0; count < 70; count++) await writer.write(chunk);
  await writer.finish();
  assert.ok(synced.length >= 3, `${synced.length} syncs`);
  assert.equal(synced.at(-1), 70 << 20);
});

for (const operation of ['write', 'datasync'] as const) {
  test(`a ${operation} that failed on the way is told at the latest at the end`, async () => {
    await using it = await temporaryFile();
    let count = 0;
    const fail = async (): Promise<never> => {
      throw new Error('EIO');
    };
    const file = changed(it.file, {
      write: async (...part) =>
        operation === 'write' && ++count === 3 ? await fail() : await it.file.write(...part),
      // As the system: once only.
      datasync: async () => (operation === 'datasync' && ++count === 1 ? await fail() : undefined),
    });
    const writer = new WriteBehind(file, 0);
    await assert.rejects(async () => {
      for (let at = 0; at < 40; at++) await writer.write(Buffer.alloc(1 << 20));
      await writer.finish();
    }, /EIO/);
    await assert.rejects(writer.finish(), /EIO/);
  });
}
