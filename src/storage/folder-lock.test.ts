import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderLock } from './folder-lock.ts';

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'docket-lock-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A process that holds the lock until it is killed. */
async function startHolder(folder: string) {
  const module = new URL('./folder-lock.ts', import.meta.url).href;
  const script = `const { FolderLock } = await import(${JSON.stringify(module)});
    globalThis.lock = FolderLock.take(${JSON.stringify(folder)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

test('a folder can be locked once, and again after it was let go', async () => {
  await using folder = await temporaryFolder();
  const first = FolderLock.take(folder.path);
  assert.throws(() => FolderLock.take(folder.path), { code: 'STORAGE_LOCKED' });
  first[Symbol.dispose]();
  FolderLock.take(folder.path)[Symbol.dispose]();
});

test('another process keeps the folder until it dies, even when it is killed', async () => {
  await using folder = await temporaryFolder();
  const holder = await startHolder(folder.path);
  try {
    assert.throws(() => FolderLock.take(folder.path), { code: 'STORAGE_LOCKED' });
  } finally {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  }
  FolderLock.take(folder.path)[Symbol.dispose]();
});

test('of several processes that start at once exactly one gets the folder', async () => {
  await using folder = await temporaryFolder();
  const module = new URL('./folder-lock.ts', import.meta.url).href;
  const script = `const { FolderLock } = await import(${JSON.stringify(module)});
    const take = () => {
      try {
        globalThis.lock = FolderLock.take(${JSON.stringify(folder.path)});
        return 'got';
      } catch (error) {
        return error.code;
      }
    };
    process.stdin.once('data', () => process.stdout.write(take()));
    process.stdin.once('end', () => process.exit());
    process.stdout.write('ready');`;
  const all = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  await Promise.all(all.map((child) => once(child.stdout, 'data')));
  const answers = all.map(async (child) => String((await once(child.stdout, 'data'))[0]));
  for (const child of all) child.stdin.write('go');
  const sorted = (await Promise.all(answers)).toSorted();
  for (const child of all) child.stdin.end();
  await Promise.all(all.map((child) => once(child, 'exit')));
  assert.deepEqual(sorted, ['STORAGE_LOCKED', 'STORAGE_LOCKED', 'STORAGE_LOCKED', 'got']);
});

test('a folder that is not there cannot be locked', async () => {
  await using folder = await temporaryFolder();
  assert.throws(() => FolderLock.take(join(folder.path, 'missing')), { code: 'STORAGE_FAILED' });
});
