import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { needClients } from '../../test/lab/clients.ts';
import { eventually } from '../../test/lab/eventually.ts';
import { Lab } from '../../test/lab/lab.ts';
import type { Program } from '../../test/lab/program.ts';

/** Runs the benchmark with a place of its own for its files, by which its processes can be known, too. */
function start(lab: Lab, folder: string, ...args: string[]): Program {
  const command = [process.execPath, join(import.meta.dirname, 'main.ts'), ...args];
  return lab.start(command, { name: 'bench:fleet', environment: { TMPDIR: folder } });
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
    const lab = await Lab.open(t);
    const folder = await lab.newFolder('files');
    const args = ['--hosts', '3', '--size', '3MB', '--rate', '50mbit', '--layers', '2'];
    const run = start(lab, folder, ...args, '--against', 'central,libtorrent', '--json');
    const report = JSON.parse(await run.success());
    const said = run.report();

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
    const lab = await Lab.open(t);
    const folder = await lab.newFolder('files');
    const args = ['--hosts', '4', '--size', '3MB', '--rate', '20mbit', '--churn', '25', '--json'];
    const run = start(lab, folder, ...args, '--zones', '2', '--between', '10mbit');
    const report = JSON.parse(await run.success());
    const said = run.report();

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
    const lab = await Lab.open(t);
    const folder = await lab.newFolder('files');
    const run = start(lab, folder, '--hosts', '3', '--size', '20MB', '--rate', '10mbit');
    await run.line(/docket: started/, 60_000);
    assert.ok((await processesOf(folder)).length >= 12);
    run.signal('SIGINT');
    run.signal('SIGINT');
    assert.equal((await run.ended).code, 130);
    await leavesNothing(folder);
  });

  test('when it is killed its programs die, and the next run removes its folder', async (t) => {
    if (!needClients(t, 'hosts', 'curl')) return;
    const lab = await Lab.open(t);
    const folder = await lab.newFolder('files');
    const killed = start(lab, folder, '--hosts', '2', '--size', '20MB', '--rate', '10mbit');
    await killed.line(/docket: getting ready/, 60_000);
    await killed.kill();
    await eventually('its processes to die', async () => (await processesOf(folder)).length === 0);
    assert.equal((await readdir(folder)).length, 1);

    const next = start(lab, folder, '--hosts', '2', '--size', '1MB', '--rate', '50mbit');
    assert.match(await next.success(), /^docket {3}/m);
    await leavesNothing(folder);
  });
});
