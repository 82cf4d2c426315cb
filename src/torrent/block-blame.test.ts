import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BlockBlame } from './block-blame.ts';

/** A piece of four blocks of ten bytes, each block all of one byte. */
const piece = (blocks: string): Buffer =>
  Buffer.concat(blocks.split('').map((byte) => Buffer.alloc(10, byte)));

/** Blocks come from these senders, one each. */
function come(blame: BlockBlame<string>, senders: string, of = 0): void {
  for (const [index, sender] of senders.split('').entries()) blame.came(of, index * 10, 10, sender);
}

suite('block blame', () => {
  test('who sent the block that was another is the liar, and no one else', () => {
    const blame = new BlockBlame<string>();
    come(blame, 'abcd');
    blame.failed(0, piece('1x34'));
    come(blame, 'eeee');
    assert.deepEqual(blame.verified(0, piece('1234')), new Set(['b']));
    assert.equal(blame.size, 0);
  });

  test('liars of several attempts are all found, also when they sent the right block another time', () => {
    const blame = new BlockBlame<string>();
    come(blame, 'aabb');
    blame.failed(0, piece('12x4'));
    come(blame, 'bbcc');
    blame.failed(0, piece('1y3z'));
    come(blame, 'cacc');
    assert.deepEqual(blame.verified(0, piece('1234')), new Set(['b', 'c']));
  });

  test('a block that was sent again counts for who sent it last', () => {
    const blame = new BlockBlame<string>();
    come(blame, 'aaaa');
    come(blame, 'b');
    blame.failed(0, piece('x234'));
    assert.deepEqual(blame.verified(0, piece('1234')), new Set(['b']));
  });

  test('pieces are told apart, and what is forgotten or right blames nobody', () => {
    const blame = new BlockBlame<string>();
    come(blame, 'abab', 1);
    blame.failed(1, piece('x234'));
    come(blame, 'cccc', 2);
    blame.forget(2);
    come(blame, 'dddd', 3);
    assert.deepEqual(blame.verified(2, piece('9999')), new Set());
    assert.deepEqual(blame.verified(3, piece('9999')), new Set());
    assert.deepEqual(blame.verified(1, piece('1234')), new Set(['a']));
    assert.deepEqual(blame.verified(1, piece('9999')), new Set());
  });

  test('what is remembered is bounded', () => {
    const blame = new BlockBlame<string>();
    for (let of = 0; of < 1_000; of++) {
      come(blame, 'abab', of);
      blame.failed(of, piece('x234'));
    }
    assert.equal(blame.size, 64);
    assert.deepEqual(blame.verified(999, piece('1234')), new Set(['a']));
  });
});
