import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DocketError } from '../base/errors.ts';
import { CliError } from './cli-error.ts';
import { failureOf, failureText } from './exit-code.ts';

const codes: Readonly<Record<string, number>> = {
  USAGE: 2,
  UNIT_INVALID: 2,
  NAME_INVALID: 2,
  MANIFEST_UNKNOWN: 3,
  ENGINE_IMAGE_UNKNOWN: 3,
  UNAUTHORIZED: 4,
  DENIED: 4,
  INTERRUPTED: 130,
  WRONG_CONTENT: 1,
  ENOENT: 1,
  FILE_UNKNOWN: 1,
  SOMETHING_ELSE: 1,
};
for (const [code, exitCode] of Object.entries(codes)) {
  test(`${code} ends with ${exitCode}`, () => {
    assert.equal(failureOf(new DocketError(code, 'x')).exitCode, exitCode);
  });
}

test('what was thrown without being an error is a failure, too', () => {
  assert.deepEqual(failureOf('broken'), { message: 'broken', hint: undefined, exitCode: 1 });
});

test('a message and a hint are told, the stack only on demand', () => {
  const error = new CliError('WRONG_CONTENT', 'it is x (expected y)', { hint: 'Do z.' });
  assert.equal(failureText(error, false), 'Error: it is x (expected y)\nDo z.\n');
  assert.match(failureText(error, true), /exit-code\.test\.ts/);
});

test('an error without a message is told by what it is made of', () => {
  const error = new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('other')]);
  assert.equal(failureOf(error).message, 'connect ECONNREFUSED ::1:1; other');
});

test('control characters of others do not reach the terminal', () => {
  assert.equal(failureText(new Error('a\u001B[31mb\u0007c'), false), 'Error: a[31mbc\n');
});
