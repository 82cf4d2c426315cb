import assert from 'node:assert/strict';
import { glob, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Takes a blob away from the registry in this folder: who wants it must get it elsewhere. */
export async function loseBlob(location: string, digest: string): Promise<void> {
  const hex = digest.replace(/^.*:/, '');
  let found = 0;
  for await (const name of glob(`blobs/**/${hex}`, { cwd: location })) {
    await rm(join(location, name));
    found++;
  }
  assert.equal(found, 1);
}
