import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

test('a small catalog is filled, walked and collected, and the results are told as JSON', async () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const amounts = ['--tags', '300', '--repositories', '20', '--referrers', '300'];
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...amounts, '--json']);
  const { results } = JSON.parse(stdout) as {
    readonly results: readonly { readonly case: string; readonly pages: number }[];
  };
  const pages = new Map(results.map((result) => [result.case, result.pages]));
  assert.equal(pages.get('tags, 100 a page'), 3);
  assert.equal(pages.get('catalog, as many as there may be'), 1);
  assert.equal(pages.get('referrers, as many as there may be'), 2);
});
