import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RegistryUnderTest } from '../conformance/registry-under-test.ts';

// From here on, this process finds no such package.
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('@aws-sdk/')) return next(specifier, context);
    throw Object.assign(new Error(`Cannot find package '${specifier}'`), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
  },
});

test('without the library for S3 a registry keeps its blobs on disk, and says what it lacks for S3', async (t) => {
  const location = await mkdtemp(join(tmpdir(), 'docket-no-s3-'));
  t.after(() => rm(location, { recursive: true, force: true }));
  const storage = { s3: { bucket: 'images', prefix: '' } };
  await assert.rejects(
    RegistryUnderTest.start({ location, storage }, async () => {}),
    { code: 'STORAGE_FAILED', message: /npm install @aws-sdk\/client-s3/ },
  );
  await using registry = await RegistryUnderTest.start({ location }, async () => {});
  await registry.pushBlob('team/app', Buffer.from('{}'));
});
