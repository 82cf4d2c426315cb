import assert from 'node:assert/strict';
import test from 'node:test';
import { UnitError } from '../../src/base/units.ts';
import { formatRate, parseRate, tcRate } from './rate.ts';

test('a rate is written as tc does, in bits, or in bytes', () => {
  assert.equal(parseRate('100mbit'), 12_500_000);
  assert.equal(parseRate('1.5Gbit'), 187_500_000);
  assert.equal(parseRate('800bit'), 100);
  assert.equal(parseRate('12.5MB'), 12_500_000);
  assert.equal(parseRate('1MiB/s'), 1_048_576);
  for (const wrong of ['', 'fast', 'mbit', '10mbits', '-1mbit', '1tbit']) {
    assert.throws(() => parseRate(wrong), UnitError, wrong);
  }
});

test('a rate is the same for tc', () => {
  assert.equal(tcRate(parseRate('30mbit')), '30000000bit');
  assert.equal(formatRate(parseRate('30mbit')), '30 Mbit/s');
  assert.equal(formatRate(parseRate('2.5gbit')), '2.5 Gbit/s');
});
