import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { seededRandom } from '../../base/random.ts';
import { sha256Of } from '../../oci/digest.ts';
import { compressLayer } from './compress-layer.ts';
import { testFolder } from './image-fixtures.ts';

const neverAborted = new AbortController().signal;

test('the same layer always gives the same bytes, without time, name or system', async (t) => {
  const folder = await testFolder(t);
  const random = seededRandom(7);
  const bytes = Buffer.from(Array.from({ length: 700_000 }, () => 97 + random() * 20));
  const digests = new Set<string>();
  for (const name of ['first', 'second']) {
    const from = path.join(folder, name);
    await writeFile(from, bytes);
    const to = `${from}.gz`;
    const blob = await compressLayer(from, to, neverAborted);
    const packed = await readFile(to);
    assert.equal(blob.size, packed.length);
    assert.equal(blob.digest, sha256Of(packed));
    assert.deepEqual(gunzipSync(packed), bytes);
    assert.deepEqual([...packed.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    digests.add(blob.digest);
  }
  assert.equal(digests.size, 1);
});

test('an empty layer can be compressed', async (t) => {
  const folder = await testFolder(t);
  const from = path.join(folder, 'empty');
  await writeFile(from, '');
  const blob = await compressLayer(from, `${from}.gz`, neverAborted);
  assert.equal(gunzipSync(await readFile(`${from}.gz`)).length, 0);
  assert.ok(blob.size > 0);
});
