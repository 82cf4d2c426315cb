import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { warmMemory } from './warm-memory.ts';

test('memory is warmed without a trace, and over no file that stands there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'docket-warm-'));
  try {
    await warmMemory(folder, 3_000_000);
    assert.deepEqual(await readdir(folder), []);
    await writeFile(join(folder, 'warm'), 'mine');
    await assert.rejects(warmMemory(folder, 1), { code: 'EEXIST' });
    assert.deepEqual(await readdir(folder), ['warm']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
