import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { BlockCache } from './block-cache.ts';

suite('block cache', () => {
  test('what was used longest ago goes first', () => {
    const cache = new BlockCache(30);
    for (const key of ['a', 'b', 'c']) cache.put(key, Buffer.alloc(10));
    cache.get('a');
    cache.put('d', Buffer.alloc(10));
    assert.equal(cache.get('b'), undefined);
    for (const key of ['a', 'c', 'd']) assert.notEqual(cache.get(key), undefined, key);
  });

  test('what is larger than the cache is not kept, and drives out only what it must', () => {
    const cache = new BlockCache(30);
    cache.put('big', Buffer.alloc(31));
    assert.equal(cache.get('big'), undefined);
    cache.put('a', Buffer.alloc(30));
    assert.notEqual(cache.get('a'), undefined);
  });

  test('all of one torrent can be dropped', () => {
    const cache = new BlockCache(100);
    for (const key of ['one/0', 'one/1', 'two/0']) cache.put(key, Buffer.alloc(10));
    cache.drop('one');
    assert.deepEqual(
      ['one/0', 'one/1', 'two/0'].map((key) => cache.get(key)?.length),
      [undefined, undefined, 10],
    );
  });

  test('never more is held than allowed, whatever is put, again or dropped', () => {
    const action = fc.record({
      key: fc.constantFrom('a/0', 'a/1', 'b/0', 'b/1'),
      size: fc.nat(40),
    });
    fc.assert(
      fc.property(fc.array(action), (actions) => {
        const cache = new BlockCache(50);
        for (const { key, size } of actions) {
          if (size === 0) cache.drop(key.slice(0, 1));
          else cache.put(key, Buffer.alloc(size));
          const held = ['a/0', 'a/1', 'b/0', 'b/1'].map((held) => cache.get(held)?.length ?? 0);
          assert.ok(held.reduce((sum, bytes) => sum + bytes) <= 50);
          if (size > 0) assert.equal(cache.get(key)?.length, size, 'the latest is kept');
        }
      }),
    );
  });
});
