import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './printable.ts';

test('what a registry said cannot steer the terminal, nor turn around what stands beside it', () => {
  assert.equal(printable('a\u001b[2Jb\u009b31mc\u0007\r\u007f'), 'a[2Jb31mc');
  assert.equal(printable('\u202egnp.exe\u2066'), 'gnp.exe');
  assert.equal(printable('zürich\n\t✓ 日本'), 'zürich\n\t✓ 日本');
});
