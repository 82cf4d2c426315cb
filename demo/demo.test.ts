import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';

interface Run {
  readonly child: ReturnType<typeof spawn>;
  /** Where the demo puts its files. */
  readonly folder: string;
  readonly output: { out: string; err: string };
  readonly code: Promise<number | null>;
}

async function startDemo(t: TestContext, ...args: string[]): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-demo-test-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.err += text;
  });
  const code = once(child, 'close').then(([status]) => status as number | null);
  t.after(async () => {
    child.kill('SIGKILL');
    await code;
    await rm(folder, { recursive: true, force: true });
  });
  return { child, folder, output, code };
}

/** Waits until the demo has said `text`. */
async function says({ child, output }: Run, text: string): Promise<void> {
  while (!output.out.includes(text)) {
    await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'close')]);
    if (child.exitCode !== null) throw new Error(`the demo ended:\n${output.out}${output.err}`);
  }
}

/** True when nothing answers there any more. */
async function isSilent(url: string): Promise<boolean> {
  return fetch(url).then(
    () => false,
    () => true,
  );
}

suite('demo', { timeout: 150_000 }, () => {
  test('it deploys an image through the swarm and by plain pulls, and prints the figures', async (t) => {
    const args = ['--once', '--json', '--hosts', '3', '--size', '12MB', '--rate', '4MB'];
    const run = await startDemo(t, ...args);
    const code = await run.code;
    const said = `${run.output.out}\n${run.output.err}`;

    assert.equal(code, 0, said);
    const result = JSON.parse(run.output.out.trimEnd().split('\n').at(-1) ?? '');
    assert.equal(result.hosts, 3);
    assert.equal(result.verified, 3);
    assert.equal(result.rateBytesPerSecond, 4_000_000);
    assert.ok(Math.abs(result.imageBytes - 12e6) < 20_000);
    assert.ok(result.swarm.registryBytes >= result.imageBytes, said);
    assert.ok(result.swarm.registryBytes <= 1.5 * result.imageBytes, said);
    assert.ok(Math.abs(result.central.registryBytes - 3 * result.imageBytes) < 1000, said);
    // Three copies cannot pass the registry's link faster, whatever else is true.
    assert.ok(result.central.seconds >= (3 * 12) / 4 - 1, said);
    assert.ok(result.swarm.seconds < result.central.seconds, said);
    assert.deepEqual(await readdir(run.folder), []);
  });

  test('it stays up until it is told to end, and leaves nothing behind', async (t) => {
    const run = await startDemo(t, '--hosts', '2', '--size', '1MB', '--rate', '20MB');
    await says(run, 'Ctrl-C');
    const urls = run.output.out.match(/http:\/\/127\.0\.0\.1:\d+/g) ?? [];
    assert.equal(new Set(urls).size, 3);
    assert.equal((await fetch(`${urls[0]}/v2/`)).status, 200);

    run.child.kill('SIGTERM');
    assert.equal(await run.code, 0, run.output.err);
    for (const url of urls) assert.ok(await isSilent(url), url);
    assert.deepEqual(await readdir(run.folder), []);
  });

  test('a Ctrl-C that comes twice while the image is made leaves nothing behind', async (t) => {
    const run = await startDemo(t, '--size', '2GB');
    await says(run, 'an image of 2 GB');
    while ((await readdir(run.folder, { recursive: true })).length < 5)
      await new Promise((resolve) => setTimeout(resolve, 20));
    run.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 5));
    run.child.kill('SIGINT');
    const code = await run.code;
    // Where all is tidied up already, the second one finds a process that is just about to leave.
    assert.ok(code === 130 || run.child.signalCode === 'SIGINT', `${code} ${run.output.err}`);
    assert.deepEqual(await readdir(run.folder), []);
  });

  test('an image for which there is no room is not begun', async (t) => {
    const run = await startDemo(t, '--size', '99GB', '--hosts', '100');
    assert.equal(await run.code, 1);
    assert.match(run.output.err, /it needs 10\.1 TB under .+ free; give it a smaller --size/);
    assert.deepEqual(await readdir(run.folder), []);
  });

  test('wrong options are explained', async (t) => {
    for (const args of [['--hosts', '0'], ['--size', 'large'], ['--nonsense'], ['extra']]) {
      const run = await startDemo(t, ...args);
      assert.equal(await run.code, 2);
      assert.match(run.output.err, /^.+\nnpm start -- --help tells what there is\.\n$/);
    }
  });
});
