import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isZone, parseZone } from './zone.ts';

suite('zone', () => {
  test('a zone is a short plain name', () => {
    for (const good of ['a', 'rack-7', 'eu-west_1.b', 'Z'.repeat(63)]) {
      assert.equal(parseZone(good), good);
      assert.equal(isZone(good), true);
    }
  });

  test('anything else is none', () => {
    for (const bad of ['', 'a b', 'a/b', 'z'.repeat(64), 'ä', 'a\n', 'a&zone=b', '%61']) {
      assert.throws(() => parseZone(bad), { code: 'ZONE_INVALID' }, bad);
      assert.equal(isZone(bad), false);
    }
    assert.equal(isZone(undefined), false);
  });
});
