import assert from 'node:assert/strict';
import { readFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { digestHex, sha256Of } from '../src/oci/digest.ts';
import { parseManifest } from '../src/oci/manifest.ts';
import { unpackTar } from 'modern-tar';
import { makeImage } from './make-image.ts';

const checkout = dirname(import.meta.dirname);

test('the image has five layers of real files, the asked size, and the digests it names', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'docket-demo-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const image = await makeImage(folder, checkout, 3_000_000, t.signal);
  const blob = (digest: typeof image.digest): Promise<Buffer> =>
    readFile(join(folder, 'blobs', 'sha256', digestHex(digest)));

  const manifest = parseManifest(await blob(image.digest));
  assert.equal(manifest.kind, 'image');
  assert.equal(manifest.layers.length, 5);
  assert.ok(image.size > 2_990_000 && image.size <= 3_001_000, `${image.size} bytes`);
  assert.equal((await readdir(join(folder, 'blobs', 'sha256'))).length, 7);
  let content = 0;
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    const bytes = await blob(digest);
    assert.equal(bytes.length, size);
    assert.equal(sha256Of(bytes), digest);
  }
  for (const { digest } of manifest.layers) {
    for (const { data } of await unpackTar(await blob(digest))) content += data?.length ?? 0;
  }
  assert.ok(content > 1_500_000, `${content} bytes of files`);
});
