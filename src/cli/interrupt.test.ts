import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { registryFixture, startCli } from './cli-fixture.ts';
import { testFolder } from './image/image-fixtures.ts';

const module = new URL('interrupt.ts', import.meta.url).href;
const script = `import { onInterrupt } from '${module}';
onInterrupt().addEventListener('abort', () => console.log('tidying'));
setInterval(() => {}, 1000);
console.log('ready');`;

test('one Ctrl-C that is delivered twice lets the command tidy up; a later one ends it at once', async (t) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  let said = '';
  const tidying = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.endsWith('ready\n')) child.kill('SIGINT');
      if (said.endsWith('tidying\n')) resolve();
    });
  });
  await tidying;
  child.kill('SIGINT');
  child.kill('SIGTERM');
  await delay(1200);
  assert.deepEqual([child.exitCode, child.signalCode], [null, null], 'it tidies up');
  child.kill('SIGINT');
  assert.deepEqual(await exit, [null, 'SIGINT']);
});

test(
  'a command that hangs on a disk ends when it is told to once more',
  { timeout: 15_000 },
  async (t) => {
    const pipe = path.join(await testFolder(t), 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const { url, folder } = await registryFixture(t);
    const client = ['-h', url, '-l', path.join(folder, 'client')];
    const running = startCli(t, [...client, 'push', '--from', pipe, 'x']);
    await running.line(/The push refers/);
    await delay(300);
    running.child.kill('SIGTERM');
    await delay(1200);
    running.child.kill('SIGTERM');
    await running.ended;
    assert.equal(running.child.signalCode, 'SIGTERM');
  },
);
