import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visibleOnly } from './listings.ts';

/** Reads from the numbers below `end`, and tells how many each read asked for. */
function numbersBelow(end: number) {
  const asked: number[] = [];
  const read = async (page: { readonly after: number | undefined; readonly limit: number }) => {
    asked.push(page.limit);
    const first = page.after === undefined ? 0 : page.after + 1;
    const length = Math.max(0, Math.min(page.limit, end - first));
    return Array.from({ length }, (_, index) => first + index);
  };
  return { asked, read };
}

test('where all is to be seen a page is read at once, and no more than it', async () => {
  const { asked, read } = numbersBelow(5000);
  const found = await visibleOnly({ after: 9, limit: 3 }, read, () => true);
  assert.deepEqual(found, [10, 11, 12]);
  assert.deepEqual(asked, [3]);
});

test('where little is to be seen a page takes few reads', async () => {
  const { asked, read } = numbersBelow(5000);
  const rare = (number: number): boolean => number % 1000 === 999;
  const page = { after: undefined, limit: 2 };
  assert.deepEqual(await visibleOnly(page, read, rare), [999, 1999]);
  assert.deepEqual(asked, [2, 1000, 1000]);
});

test('a page ends with what there is, also without a limit', async () => {
  for (const limit of [10, 5000, Infinity]) {
    const { read } = numbersBelow(2000);
    const page = { after: undefined, limit };
    const all = await visibleOnly(page, read, (number) => number % 1000 === 0);
    assert.deepEqual(all, [0, 1000]);
  }
});
