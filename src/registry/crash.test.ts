import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { codeOf, messageOf } from '../base/errors.ts';
import { FaultPlan, type FaultKind } from '../storage/fault-testing.ts';
import type { Files } from '../storage/files.ts';
import { PowerLossFiles } from '../storage/power-loss-testing.ts';
import { actCount, expectNoLeftovers, expectTold, live, toldAfter } from './crash-testing.ts';
import { openTestRegistryIn } from './registry-testing.ts';
import type { UploadStatus } from './uploads.ts';

/** Usually some of the steps are tried, others in each run; `DOCKET_CRASH_EVERY_STEP=1` has all of them tried. */
const all = process.env['DOCKET_CRASH_EVERY_STEP'] === '1';
/** Of so many steps one kills a process of its own, which takes long. */
const every = all ? 1 : 6;

/** In memory where that can be had: what a process leaves there when it ends is the same, and thousands of syncs cost nothing. */
async function temporaryFolder() {
  const path = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'docket-crash-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Runs with one step after another failing, until no step is left; says which one it was when something is wrong. */
async function atEachStep(
  t: TestContext,
  kind: FaultKind,
  run: (folder: string, plan: FaultPlan) => Promise<void>,
): Promise<void> {
  const stride = all ? 1 : Math.ceil(every / 3);
  for (let step = 1 + Math.floor(Math.random() * stride); ; step += stride) {
    await using folder = await temporaryFolder();
    const plan = new FaultPlan(kind, step);
    try {
      await run(folder.path, plan);
    } catch (cause) {
      const name = plan.steps[step - 1];
      throw new Error(`at step ${step}, ${name}: ${messageOf(cause)}`, { cause });
    }
    if (!plan.wasMet) {
      t.diagnostic(`${plan.steps.length} steps, ${stride === 1 ? 'all' : `1 of ${stride}`} tried`);
      assert.ok(step > 50, 'there was nothing to fail');
      return;
    }
  }
}

/** The next process finds what was told, can go on, and nothing is left behind. */
async function expectGoodRestart(
  folder: string,
  done: number,
  upload: UploadStatus | undefined,
  files?: Files,
): Promise<void> {
  await using it = await openTestRegistryIn(folder, undefined, files);
  await expectTold(it.registry, done, toldAfter(done, upload));
  const again = await live(it.registry);
  assert.equal(again.error, undefined);
  await expectTold(it.registry, actCount, again.told);
  await expectNoLeftovers(it.registry);
}

/** What was told when a life ended. */
interface Ended {
  readonly done: number;
  readonly upload: UploadStatus | undefined;
}

/** Opens a registry and lives, up to the step that fails; then it closes, as far as it can. */
async function lifeOf(folder: string, plan: FaultPlan, files?: Files): Promise<Ended> {
  try {
    await using it = await openTestRegistryIn(folder, plan, files);
    const { done, told } = await live(it.registry);
    return { done, upload: told.upload };
  } catch {
    return { done: 0, upload: undefined };
  }
}

test('a process that ends at any step loses nothing that was answered', async (t) => {
  await atEachStep(t, 'dead', async (folder, plan) => {
    const { done, upload } = await lifeOf(folder, plan);
    await expectGoodRestart(folder, done, upload);
  });
});

test('a power loss at any step loses nothing that was answered, though all is lost that was not synced', async (t) => {
  await atEachStep(t, 'dead', async (folder, plan) => {
    const files = new PowerLossFiles();
    const { done, upload } = await lifeOf(folder, plan, files);
    files.losePower();
    await expectGoodRestart(folder, done, upload, files);
  });
});

test('an error of the disk or the database at any step loses nothing, and the registry goes on', async (t) => {
  await atEachStep(t, 'error', async (folder, plan) => {
    {
      const opening = openTestRegistryIn(folder, plan).catch(() => undefined);
      await using it = await opening;
      if (it === undefined) return await expectGoodRestart(folder, 0, undefined);
      const { done, told } = await live(it.registry);
      plan.heal();
      await expectTold(it.registry, done, told);
      const again = await live(it.registry);
      assert.equal(again.error, undefined);
      await expectTold(it.registry, actCount, again.told);
      await expectNoLeftovers(it.registry);
    }
  });
});

test('a disk that gets full at any step keeps what was answered, can be read, and goes on when there is room', async (t) => {
  await atEachStep(t, 'full', async (folder, plan) => {
    const opening = openTestRegistryIn(folder, plan).catch(() => undefined);
    await using it = await opening;
    if (it === undefined) return await expectGoodRestart(folder, 0, undefined);
    const { done, told, error } = await live(it.registry);
    if (error !== undefined) assert.equal(codeOf(error), 'STORAGE_FULL');
    await expectTold(it.registry, done, { ...told, upload: undefined });
    plan.heal();
    const again = await live(it.registry);
    assert.equal(again.error, undefined);
    await expectTold(it.registry, actCount, again.told);
    await expectNoLeftovers(it.registry);
  });
});

/** Lives in a process of its own that kills itself at the step. */
async function lifeInProcess(folder: string, step: number): Promise<Ended & { killed: boolean }> {
  const fixture = fileURLToPath(new URL('crash-process-fixture.ts', import.meta.url));
  const child = spawn(process.execPath, [fixture, folder, String(step)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.ok(code === 0 || signal === 'SIGKILL', `it ended with ${code ?? signal}`);
  const lines = said.split('\n').filter((line) => line !== '');
  const last = lines.at(-1) ?? '{"done":0,"upload":null}';
  const { done, upload } = JSON.parse(last) as { done: number; upload: UploadStatus | null };
  return { done, upload: upload ?? undefined, killed: signal === 'SIGKILL' };
}

test('a process that is killed loses nothing that was answered', async (t) => {
  const from = async (first: number): Promise<number> => {
    for (let step = first; ; step += 2 * every) {
      await using folder = await temporaryFolder();
      const { done, upload, killed } = await lifeInProcess(folder.path, step);
      await expectGoodRestart(folder.path, done, upload);
      if (!killed) return step;
    }
  };
  const ends = await Promise.all([from(every), from(2 * every)]);
  t.diagnostic(`killed at every ${every}th of ${Math.min(...ends)} steps`);
});
