import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { sha256Of } from '../../oci/digest.ts';
import { testFolder } from './image-fixtures.ts';
import { LayerMemory } from './layer-memory.ts';

const [one, two, packed] = ['1', '2', 'x'].map((text) => sha256Of(Buffer.from(text)));
assert.ok(one && two && packed);

test('what two pushes at once learn is all remembered', async (t) => {
  const folder = await testFolder(t);
  const first = await LayerMemory.open(folder);
  const second = await LayerMemory.open(folder);
  await first.remember(one, { digest: packed, size: 1 });
  await second.remember(two, { digest: packed, size: 2 });
  const later = await LayerMemory.open(folder);
  assert.deepEqual(later.find(one), { digest: packed, size: 1 });
  assert.deepEqual(later.find(two), { digest: packed, size: 2 });
  assert.deepEqual(await readdir(folder), ['layers.json']);
});

test('a damaged file counts as empty', async (t) => {
  const folder = await testFolder(t);
  for (const text of ['{', '[1]', `{"${one}":{"digest":"sha256:x","size":1}}`, 'null']) {
    await writeFile(path.join(folder, 'layers.json'), text);
    assert.equal((await LayerMemory.open(folder)).find(one), undefined);
  }
});
