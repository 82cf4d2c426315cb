import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archivePath, linkTarget } from './archive-path.ts';

test('names of one entry have one form', () => {
  for (const name of ['a/b', './a/b', 'a//b', 'a/./b/', 'a/x/../b', 'x/../a/b']) {
    assert.equal(archivePath(name), 'a/b');
  }
});

test('names that lead out of the archive are refused', () => {
  for (const name of ['/a', '..', '../a', 'a/../../b', './../a', '//a']) {
    assert.throws(() => archivePath(name), { code: 'ARCHIVE_INVALID' }, name);
  }
});

test('a symbolic link counts from its folder, a hard link from the root', () => {
  const entry = archivePath('layers/one/layer.tar');
  assert.equal(linkTarget(entry, 'symlink', '../two/layer.tar'), 'layers/two/layer.tar');
  assert.equal(linkTarget(entry, 'link', 'layers/two/layer.tar'), 'layers/two/layer.tar');
});

test('links out of the archive are refused', () => {
  const entry = archivePath('one/layer.tar');
  assert.throws(() => linkTarget(entry, 'symlink', '../../x'), { code: 'ARCHIVE_INVALID' });
  assert.throws(() => linkTarget(entry, 'symlink', '/x'), { code: 'ARCHIVE_INVALID' });
  assert.throws(() => linkTarget(entry, 'link', '../x'), { code: 'ARCHIVE_INVALID' });
});
