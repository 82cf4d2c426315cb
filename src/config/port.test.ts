import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListenPort, parsePort } from './port.ts';

test('a port is a number from 1 to 65535, or 0 to listen on a free one', () => {
  assert.equal(parsePort('8000'), 8000);
  assert.equal(parseListenPort('0'), 0);
  for (const text of ['', '0', '-1', '65536', '80x', '1e3', ' 80']) {
    assert.throws(() => parsePort(text), { code: 'USAGE' }, text);
  }
});
