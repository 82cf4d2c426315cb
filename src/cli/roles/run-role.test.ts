import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { runInProcess } from '../cli-fixture.ts';
import { testFolder } from '../image/image-fixtures.ts';
import { InterruptedError } from '../interrupt.ts';
import { runRole } from './run-role.ts';

test('a role that hangs while it starts ends as soon as it is told to, and is closed should it start after all', async () => {
  const abort = new AbortController();
  const silent = { write: () => assert.fail('nothing is ready') };
  const context = { env: {}, stdout: silent, stderr: silent, signal: abort.signal };
  const { promise, resolve } =
    Promise.withResolvers<
      Parameters<typeof runRole>[2] extends () => Promise<infer R> ? R : never
    >();
  const running = runRole('registry', '/nowhere', () => promise, context);
  abort.abort(new InterruptedError('SIGTERM'));
  await assert.rejects(running, { code: 'INTERRUPTED' });
  const closed = Promise.withResolvers<void>();
  resolve({ url: 'http://x', peerPort: 1, close: async () => closed.resolve() });
  await closed.promise;
});

test('registry and agent tell alike of a folder that cannot be used, and what to do', async (t) => {
  const file = path.join(await testFolder(t), 'file');
  await writeFile(file, '');
  const cases = [
    [file, `${file} is a file, not a folder`],
    [`${file}/below`, `${file} is a file, not a folder`],
    ['/proc/docket', 'no such file or directory (ENOENT)'],
    ['/proc', 'unable to open database file'],
  ] as const;
  for (const [folder, reason] of cases) {
    for (const role of [['registry'], ['agent', '--registry', 'http://127.0.0.1:1']]) {
      const place = ['--bind', '127.0.0.1', '-p', '0', '--peer-port', '0', '-l', folder];
      const ended = await runInProcess([...role, ...place, '--log-level', 'silent']);
      assert.deepEqual(ended, {
        code: 1,
        stdout: '',
        stderr:
          `Error: cannot use the folder ${folder}: ${reason}\n` +
          'Name another folder with -l/--location, or run it as root.\n',
      });
    }
  }
});
