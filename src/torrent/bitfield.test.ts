import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { fuzzRuns } from '../../test/mutations.ts';
import { Bitfield } from './bitfield.ts';
import { fieldOf, pictureOf } from './picture-fixture.ts';

const drawn = fc.array(fc.boolean(), { minLength: 1, maxLength: 200 });

suite('bitfield', () => {
  test('the high bit of the first byte is piece 0', () => {
    assert.deepEqual([...fieldOf('x......x .x').bytes()], [0b1000_0001, 0b0100_0000]);
  });

  test('a bit is set once, and counted once', () => {
    const field = fieldOf('...');
    assert.equal(field.add(1), true);
    assert.equal(field.add(1), false);
    assert.equal(field.count, 1);
    assert.equal(pictureOf(field), '.x.');
  });

  test('what two have in common is counted', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 200 }), (pairs) => {
        const [one, other] = [new Bitfield(pairs.length), new Bitfield(pairs.length)];
        for (const [index, [inOne, inOther]] of pairs.entries()) {
          if (inOne) one.add(index);
          if (inOther) other.add(index);
        }
        const both = one.and(other);
        const expected = [...pairs.keys()].filter((index) => one.has(index) && other.has(index));
        assert.deepEqual([...both.indexes()], expected);
        assert.equal(both.count, expected.length);
      }),
    );
  });

  test('what lies outside is not had', () => {
    const field = Bitfield.full(9);
    for (const index of [-1, 9, 15, 16, 4_294_967_295]) assert.equal(field.has(index), false);
  });

  test('a full field has all its pieces and no spare bits', () => {
    for (const length of [1, 7, 8, 9, 64]) {
      const field = Bitfield.full(length);
      assert.equal(field.isFull, true);
      assert.equal(field.count, length);
      assert.notEqual(Bitfield.parse(field.bytes(), length), undefined);
    }
  });

  test('what is written is read as the same', () => {
    fc.assert(
      fc.property(drawn, (bits) => {
        const field = new Bitfield(bits.length);
        for (const [index, bit] of bits.entries()) if (bit) field.add(index);
        const read = Bitfield.parse(field.bytes(), bits.length);
        assert.ok(read !== undefined);
        assert.deepEqual([...read.indexes()], [...field.indexes()]);
        assert.equal(read.count, bits.filter(Boolean).length);
        assert.equal(read.isFull, bits.every(Boolean));
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('bytes of another size, or with spare bits set, are no field', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 9 }),
        fc.integer({ min: 1, max: 64 }),
        (bytes, length) => {
          const isRightSize = bytes.length === Math.ceil(length / 8);
          const spare = 2 ** (bytes.length * 8 - length) - 1;
          const isClean = isRightSize && ((bytes.at(-1) ?? 0) & spare) === 0;
          assert.equal(Bitfield.parse(bytes, length) !== undefined, isClean);
        },
      ),
      { numRuns: fuzzRuns },
    );
  });

  test('the bytes it was read from, and those it gives, are not its own', () => {
    const bytes = Uint8Array.of(0b1000_0000);
    const field = Bitfield.parse(bytes, 8);
    bytes[0] = 0xff;
    field?.bytes().fill(0xff);
    assert.equal(field && pictureOf(field), 'x.......');
  });
});
