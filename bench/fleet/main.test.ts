import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { needClients } from '../../test/lab/clients.ts';
import { eventually } from '../../test/lab/eventually.ts';

interface Run {
  readonly child: ReturnType<typeof spawn>;
  readonly output: { out: string; err: string };
  readonly code: Promise<number | null>;
}

/** A place for a run's files, by which its processes can be known, too. */
async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-fleet-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function start(t: TestContext, folder: string, ...args: string[]): Run {
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
  t.after(() => child.kill('SIGKILL'));
  return { child, output, code };
}

async function says({ output, child }: Run, text: string): Promise<void> {
  await eventually(
    `the benchmark to say "${text}"`,
    () => {
      if (child.exitCode !== null) throw new Error('it has ended');
      return output.out.includes(text);
    },
    { within: 60_000, details: () => `\n${output.out}${output.err}` },
  );
}

/** The command lines of all processes of a run, found by what they inherit from it. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (!environment.includes(`TMPDIR=${folder}`)) continue;
    found.push(await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''));
  }
  return found;
}

async function leavesNothing(folder: string): Promise<void> {
  assert.deepEqual(await readdir(folder), []);
  await eventually('no process of it to be left', async () => {
    const left = await processesOf(folder);
    return left.length === 0;
  });
}

suite('bench:fleet', { timeout: 170_000 }, () => {
  test('every contender brings the image to all hosts, and the figures fit', async (t) => {
    if (!needClients(t, 'hosts', 'curl', 'libtorrent')) return;
    const folder = await newFolder(t);
    const args = ['--hosts', '3', '--size', '3MB', '--rate', '50mbit', '--layers', '2'];
    const run = start(t, folder, ...args, '--against', 'central,libtorrent', '--json');
    const code = await run.code;
    const said = `${run.output.out}\n${run.output.err}`;

    assert.equal(code, 0, said);
    const report = JSON.parse(run.output.out);
    // One copy cannot come faster than the links are, nor much slower over one plain stream.
    assert.ok(report.boundSeconds > 0.45 && report.boundSeconds < 1, said);
    const names = report.contenders.map((figures: { name: string }) => figures.name);
    assert.deepEqual(names, ['docket', 'central', 'libtorrent', 'libtorrent-super']);
    for (const figures of report.contenders) {
      assert.equal(figures.finished, 3, said);
      assert.ok(figures.first <= figures.p50 && figures.p50 <= figures.last, said);
      assert.ok(figures.first >= 0.4, said);
      assert.ok(figures.cpuSeconds > 0 && figures.originPeakRssMB > 0, said);
      assert.ok(figures.originCopies >= 1, said);
      assert.equal(figures.failedPulls, 0, said);
    }
    assert.equal(report.contenders[1].originCopies, 3, said);
    assert.ok(report.contenders[1].last > 2.5 * report.boundSeconds, said);
    await leavesNothing(folder);
  });

  test('hosts that are killed come back and end, in zones with thin links', async (t) => {
    if (!needClients(t, 'hosts', 'curl')) return;
    const folder = await newFolder(t);
    const args = ['--hosts', '4', '--size', '3MB', '--rate', '20mbit', '--churn', '25', '--json'];
    const run = start(t, folder, ...args, '--zones', '2', '--between', '10mbit');
    const code = await run.code;
    const said = `${run.output.out}\n${run.output.err}`;

    assert.equal(code, 0, said);
    const report = JSON.parse(run.output.out);
    const [figures] = report.contenders;
    assert.ok(report.boundSeconds > 2.2, said);
    assert.equal(figures.finished, 4, said);
    // It was down for two seconds at least.
    assert.ok(figures.churnedLast > 2.4, said);
    assert.equal(figures.zoneCopies.length, 2, said);
    for (const copies of figures.zoneCopies) assert.ok(copies >= 1 && copies < 3, said);
    await leavesNothing(folder);
  });

  test('when it is interrupted in the middle of a race it leaves nothing behind', async (t) => {
    if (!needClients(t, 'hosts', 'curl')) return;
    const folder = await newFolder(t);
    const run = start(t, folder, '--hosts', '3', '--size', '20MB', '--rate', '10mbit');
    await says(run, 'docket: started');
    assert.ok((await processesOf(folder)).length >= 12);
    run.child.kill('SIGINT');
    run.child.kill('SIGINT');
    assert.equal(await run.code, 130, run.output.err);
    await leavesNothing(folder);
  });

  test('when it is killed its programs die, and the next run removes its folder', async (t) => {
    if (!needClients(t, 'hosts', 'curl')) return;
    const folder = await newFolder(t);
    const killed = start(t, folder, '--hosts', '2', '--size', '20MB', '--rate', '10mbit');
    await says(killed, 'docket: getting ready');
    killed.child.kill('SIGKILL');
    await killed.code;
    await eventually('its processes to die', async () => (await processesOf(folder)).length === 0);
    assert.equal((await readdir(folder)).length, 1);

    const next = start(t, folder, '--hosts', '2', '--size', '1MB', '--rate', '50mbit');
    assert.equal(await next.code, 0, next.output.err);
    assert.match(next.output.out, /^docket {3}/m);
    await leavesNothing(folder);
  });
});
