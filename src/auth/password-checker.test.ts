import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { PasswordChecker } from './password-checker.ts';

const users = new Map([['ann', `$2b$06$${'a'.repeat(53)}`]]);

function checker(clock = new ManualClock()) {
  const compared: (readonly [string, string])[] = [];
  const compare = async (password: string, hash: string): Promise<boolean> => {
    compared.push([password, hash]);
    return password === 'right';
  };
  return { compared, passwords: new PasswordChecker({ compare, clock }) };
}

test('a verdict is remembered for a while, right or wrong, until the hash is another', async () => {
  const clock = new ManualClock();
  const { compared, passwords } = checker(clock);
  for (const _ of [1, 2, 3]) {
    assert.equal(await passwords.check(users, 'ann', 'right'), true);
    assert.equal(await passwords.check(users, 'ann', 'wrong'), false);
  }
  assert.equal(compared.length, 2);
  assert.equal(passwords.known(users, 'ann', 'right'), true);
  const others = new Map([['ann', `$2b$06$${'b'.repeat(53)}`]]);
  assert.equal(passwords.known(others, 'ann', 'right'), undefined);
  clock.advance(3600_000);
  assert.equal(passwords.known(users, 'ann', 'right'), undefined);
});

test('whoever does not exist is compared as well, at the same cost, and refused whatever he says', async () => {
  const { compared, passwords } = checker();
  assert.equal(await passwords.check(users, 'nobody', 'right'), false);
  assert.match(compared[0]?.[1] ?? '', /^\$2b\$06\$[./A-Za-z0-9]{53}$/);
});

test('one password that many ask about is compared once, one after another, and a flood is refused', async () => {
  const { compared, passwords } = checker();
  const same = Array.from({ length: 50 }, () => passwords.check(users, 'ann', 'right'));
  assert.deepEqual(new Set(await Promise.all(same)), new Set([true]));
  assert.equal(compared.length, 1);
  const flood = Array.from({ length: 100 }, (_, n) => passwords.check(users, 'ann', `guess ${n}`));
  const results = await Promise.allSettled(flood);
  const refused = results.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 36);
});
