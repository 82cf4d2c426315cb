import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { LoginLimits } from './login-limits.ts';

test('ten wrong passwords for a name are let pass from a network, then one in six seconds', () => {
  const clock = new ManualClock();
  const limits = new LoginLimits(clock);
  for (let count = 0; count < 10; count++) {
    limits.expectRoom('10.0.0.1', 'ann');
    limits.failed('10.0.0.1', 'ann');
  }
  assert.throws(() => limits.expectRoom('10.0.0.9', 'ann'), { code: 'LOGIN_LIMITED' });
  limits.expectRoom('10.0.0.1', 'bob');
  limits.expectRoom('10.0.7.1', 'ann');
  clock.advance(6_000);
  limits.expectRoom('10.0.0.1', 'ann');
  limits.failed('10.0.0.1', 'ann');
  assert.throws(() => limits.expectRoom('10.0.0.1', 'ann'), { code: 'LOGIN_LIMITED' });
});

test('a network cannot try many names either', () => {
  const limits = new LoginLimits(new ManualClock());
  for (let count = 0; count < 100; count++) limits.failed('2001:db8::1', `name ${count}`);
  assert.throws(() => limits.expectRoom('2001:db8::2', 'another'), { code: 'LOGIN_LIMITED' });
  limits.expectRoom('2001:db8:1::2', 'another');
});
