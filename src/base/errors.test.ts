import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { codeOf, DocketError, messageOf } from './errors.ts';

class LabError extends DocketError {}

suite('errors', () => {
  test('an error carries its code, its message, its cause and the name of its class', () => {
    const cause = new Error('why');
    const error = new LabError('LAB_BROKEN', 'the lab is broken', { cause });
    assert.equal(error.code, 'LAB_BROKEN');
    assert.equal(error.message, 'the lab is broken');
    assert.equal(error.cause, cause);
    assert.equal(error.name, 'LabError');
    assert.match(String(error), /^LabError: the lab is broken/);
  });

  test('anything that was thrown has a text', () => {
    assert.equal(messageOf(new Error('words')), 'words');
    assert.equal(messageOf('words'), 'words');
    assert.equal(messageOf(undefined), 'undefined');
  });

  test('the code is that of the error, when it has one that is text', () => {
    assert.equal(codeOf(new LabError('LAB_BROKEN', '')), 'LAB_BROKEN');
    assert.equal(codeOf(Object.assign(new Error('gone'), { code: 'ENOENT' })), 'ENOENT');
    assert.equal(codeOf(Object.assign(new Error('odd'), { code: 5 })), undefined);
    assert.equal(codeOf(new Error('plain')), undefined);
    assert.equal(codeOf({ code: 'NOT_AN_ERROR' }), undefined);
  });
});
