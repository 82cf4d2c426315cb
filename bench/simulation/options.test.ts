import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from './options.ts';

test('what is not said is as the product has it, and the origin has the link of a host', () => {
  const { scenario, json, svg } = parseOptions(['--rate', '8mbit']);
  assert.equal(scenario.rate, 1_000_000);
  assert.equal(scenario.originRate, 1_000_000);
  assert.equal(scenario.size, 1_000_000_000);
  assert.equal(scenario.between, undefined);
  assert.deepEqual([json, svg], [false, undefined]);
  assert.ok(scenario.tuning.slots > 0 && scenario.tuning.sources > 0 && scenario.tuning.tick > 0);
});

test('seconds, rates and shares are understood', () => {
  const { scenario } = parseOptions(
    '--stagger 2.5 --between 50mbit --zones 10 --churn 5 --slow 1 --origin-rate 1gbit'.split(' '),
  );
  const { stagger, between, zones, churn, slow, originRate } = scenario;
  assert.deepEqual(
    { stagger, between, zones, churn, slow, originRate },
    { stagger: 2500, between: 6_250_000, zones: 10, churn: 5, slow: 1, originRate: 125_000_000 },
  );
});

test('nonsense is refused with the name of the option', () => {
  for (const [name, value] of [
    ['hosts', '0'],
    ['hosts', '1.5'],
    ['churn', '101'],
    ['latency', '-1'],
    ['seed', ''],
    ['rate', '0'],
  ] as const) {
    assert.throws(() => parseOptions([`--${name}=${value}`]), new RegExp(`--${name} `), name);
  }
});
