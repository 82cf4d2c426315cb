import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Pace } from './pace.ts';

suite('pace', () => {
  test('it is nothing until a window is over', () => {
    const pace = new Pace(0);
    pace.came(5, 99);
    assert.equal(pace.rate, 0);
    pace.came(5, 100);
    assert.equal(pace.rate, 0.1);
  });

  test('the newest window counts half', () => {
    const pace = new Pace(0);
    pace.came(100, 100);
    pace.came(300, 200);
    assert.equal(pace.rate, 2);
  });

  test('a pause does not count, and short turns add up', () => {
    const pace = new Pace(0);
    pace.came(60, 60);
    pace.resume(10_000);
    pace.came(39, 10_039);
    assert.equal(pace.rate, 0);
    pace.came(1, 10_040);
    assert.equal(pace.rate, 1);
  });
});
