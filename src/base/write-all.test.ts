import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeAll } from './write-all.ts';

test('what the system took only in part is written in several goes', async () => {
  const written = Buffer.alloc(10, '.');
  // A disk that takes three bytes at a time: no real one can be made to.
  const file = {
    async write(bytes: Uint8Array, from: number, length: number, position: number) {
      const bytesWritten = Math.min(3, length);
      written.set(bytes.subarray(from, from + bytesWritten), position);
      return { bytesWritten };
    },
  };
  await writeAll(file, Buffer.from('abcdefgh'), 1);
  assert.equal(written.toString(), '.abcdefgh.');
});
