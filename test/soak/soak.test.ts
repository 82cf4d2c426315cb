import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './soak.ts';

test('a registry that is killed while it works, and collects garbage, loses nothing and leaves nothing over', async (t) => {
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const result = await soak({
    milliseconds: 8_000,
    seed,
    grace: 5_000,
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(JSON.stringify(result));
  assert.ok(result.kills > 1 && result.pushes > 5, 'hardly anything happened');
});
