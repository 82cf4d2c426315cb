import assert from 'node:assert/strict';
import { chmod, chown, lchown, mkdir, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { testFolder } from './image/image-fixtures.ts';
import { prepareLocation } from './location.ts';

const isRoot = process.getuid?.() === 0;
const stranger = 54_321;

test("the client's folder is made for its owner only", async (t) => {
  const folder = path.join(await testFolder(t), 'a', 'b');
  assert.equal(await prepareLocation(folder), folder);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.equal(await prepareLocation(folder), folder, 'and is used again');
});

test('a folder that every user can write to is not used', async (t) => {
  const folder = path.join(await testFolder(t), 'open');
  await mkdir(folder);
  await chmod(folder, 0o1777);
  await assert.rejects(prepareLocation(folder), { code: 'FOLDER_UNUSABLE', message: /every user/ });
});

test(
  "another user's folder is not used, nor an own one that another user links to",
  {
    skip: !isRoot && 'only root can give files away',
  },
  async (t) => {
    const parent = await testFolder(t);
    const foreign = path.join(parent, 'foreign');
    await mkdir(foreign, { mode: 0o700 });
    await chown(foreign, stranger, stranger);
    const own = path.join(parent, 'own');
    await mkdir(own, { mode: 0o700 });
    const ownLink = path.join(parent, 'own-link');
    await symlink(own, ownLink);
    const foreignLink = path.join(parent, 'foreign-link');
    await symlink(own, foreignLink);
    await lchown(foreignLink, stranger, stranger);
    const refused = { code: 'FOLDER_UNUSABLE', message: /belongs to another user/ };
    await assert.rejects(prepareLocation(foreign), refused);
    await assert.rejects(prepareLocation(foreignLink), refused);
    assert.equal(await prepareLocation(ownLink), ownLink);
  },
);
