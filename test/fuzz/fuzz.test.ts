import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { corpusOf } from './corpus.ts';
import { explore } from './explore.ts';
import { targets } from './targets.ts';

suite('inputs of strangers', { timeout: 120_000 }, () => {
  for (const target of targets) {
    test(`${target.name}: what was found before does no harm any more`, async () => {
      for (const seed of target.seeds) await target.run(seed);
      for (const { file, input } of corpusOf(target.name)) {
        try {
          await target.run(input);
        } catch (cause) {
          throw new Error(`test/fuzz/corpus/${target.name}/${file} fails`, { cause });
        }
      }
    });

    test(`${target.name}: nor do others for a second`, async () => {
      const { failure } = await explore(target, { seed: 1, milliseconds: 800, runs: 20_000 });
      if (failure === undefined) return;
      const input = Buffer.from(failure.input).toString('base64');
      assert.fail(`${String(failure.error)}\nfor the input (base64) ${input}`);
    });
  }
});
