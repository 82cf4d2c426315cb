import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const checkout = dirname(import.meta.dirname);

suite('a checkout', { timeout: 60_000 }, () => {
  test('docket runs from any folder, through absolute and relative links', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'docket checkout '));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const first = join(folder, 'first');
    const second = join(folder, 'second');
    await symlink(join(checkout, 'bin/docket'), first);
    await symlink('first', second);
    const direct = relative(folder, join(checkout, 'bin/docket'));

    for (const program of [first, second, direct]) {
      const { stdout } = await run(program, ['--version'], { cwd: folder });
      assert.match(stdout, /^\d+\.\d+\.\d+\n$/, program);
    }
  });

  test('a checkout that is set up is left alone, without a word', async () => {
    const { stdout, stderr } = await run(process.execPath, [join(checkout, 'scripts/setup.js')]);
    assert.equal(stdout + stderr, '');
  });
});
