import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { references } from '../scripts/reference.ts';

test('the reference documents say what the code says', async () => {
  const root = dirname(import.meta.dirname);
  for (const [path, text] of references()) {
    const written = await readFile(join(root, path), 'utf8');
    assert.equal(written, text, `${path} is not current: run "npm run reference"`);
  }
});
