import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseByteRange, parseByteRanges, parseUploadRange } from './byte-range.ts';

const whole = { kind: 'whole' };
const none = { kind: 'unsatisfiable' };
const part = (first: number, last: number) => ({ kind: 'part', first, last });

const cases: readonly (readonly [string | undefined, number, object])[] = [
  [undefined, 10, whole],
  ['', 10, whole],
  ['bytes=0-', 10, part(0, 9)],
  ['bytes=0-0', 10, part(0, 0)],
  ['bytes=3-5', 10, part(3, 5)],
  ['BYTES=3-5', 10, part(3, 5)],
  ['bytes= 3-5 ', 10, part(3, 5)],
  ['bytes=9-', 10, part(9, 9)],
  ['bytes=3-99999999999999999999', 10, part(3, 9)],
  ['bytes=-1', 10, part(9, 9)],
  ['bytes=-100', 10, part(0, 9)],
  ['bytes=-0', 10, none],
  ['bytes=10-', 10, none],
  ['bytes=5-3', 10, none],
  ['bytes=0-', 0, none],
  ['bytes=-1', 0, none],
  ['bytes=0-1,3-4', 10, whole],
  ['bytes=-', 10, whole],
  ['bytes=a-1', 10, whole],
  ['bytes=1', 10, whole],
  ['lines=0-1', 10, whole],
  ['bytes=3 - 5', 10, whole],
];
for (const [header, size, expected] of cases) {
  test(`Range "${header}" of ${size} bytes means ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseByteRange(header, size), expected);
  });
}

const parts = (...list: readonly (readonly [number, number])[]) => ({
  kind: 'parts',
  parts: list.map(([first, last]) => ({ first, last })),
});
const severalCases: readonly (readonly [string | undefined, number, object])[] = [
  [undefined, 10, whole],
  ['bytes=3-5', 10, part(3, 5)],
  ['bytes=3-5,', 10, part(3, 5)],
  ['bytes=0-1,3-4', 10, parts([0, 1], [3, 4])],
  ['bytes= 7-8 , 0-1,,-1', 10, parts([7, 8], [0, 1], [9, 9])],
  ['bytes=0-1,20-30', 10, parts([0, 1])],
  ['bytes=5-3,0-1', 10, parts([0, 1])],
  ['bytes=20-30,10-', 10, none],
  ['bytes=0-9,0-0', 10, whole],
  ['bytes=0-5,5-9', 10, whole],
  ['bytes=0-1,x', 10, whole],
  ['bytes=0-1,-', 10, whole],
  ['bytes=,', 10, whole],
  ['lines=0-1,3-4', 10, whole],
];
for (const [header, size, expected] of severalCases) {
  test(`Range "${header}" of ${size} bytes means ${JSON.stringify(expected)} where several are served`, () => {
    assert.deepEqual(parseByteRanges(header, size), expected);
  });
}

const uploadCases: readonly (readonly [string, object | undefined])[] = [
  ['0-9', { first: 0, last: 9 }],
  ['bytes 0-9', { first: 0, last: 9 }],
  ['bytes=0-9', { first: 0, last: 9 }],
  ['bytes 0-9/10', { first: 0, last: 9 }],
  ['0-9/*', { first: 0, last: 9 }],
  ['7-7', { first: 7, last: 7 }],
  ['', undefined],
  ['-', undefined],
  ['5', undefined],
  ['-5', undefined],
  ['5-', undefined],
  ['a-b', undefined],
  ['10-5', undefined],
  ['0-99999999999999999999', undefined],
  ['0--1', undefined],
];
for (const [header, expected] of uploadCases) {
  test(`Content-Range "${header}" of an upload means ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseUploadRange(header), expected);
  });
}
