import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Lab } from '../lab/lab.ts';

/** Runs a benchmark whose last line is JSON. */
async function bench(lab: Lab, name: string, ...options: readonly string[]): Promise<unknown> {
  const script = fileURLToPath(new URL(`../../bench/${name}/main.ts`, import.meta.url));
  const command = [process.execPath, script, '--json', '--folder', lab.folder, ...options];
  const output = await lab.run(command, { name, within: 150_000 });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '');
}

interface Idle {
  readonly readySeconds: number;
  readonly directSeconds: number;
  readonly rssMB: number;
  readonly handles: number;
}

test('blobs that nobody fetches cost next to nothing, and are seeded by registry and agent all the same', async (t) => {
  const lab = await Lab.open(t);
  const registry = (await bench(lab, 'idle-torrents', '--torrents', '3000')) as Idle & {
    readonly trackerSeconds: number;
    readonly agent: Idle & { readonly announcedSeconds: number };
  };
  for (const { handles, rssMB } of [registry, registry.agent]) {
    assert.ok(handles < 100, `${handles} open files`);
    assert.ok(rssMB < 220, `${rssMB} MB`);
  }
  assert.ok(registry.trackerSeconds < 10 && registry.agent.announcedSeconds < 30);
});

test('a layer far larger than the memory that an agent takes goes through it', async (t) => {
  const lab = await Lab.open(t);
  const used = (await bench(lab, 'large-layer', '--size', '500MB')) as {
    readonly bytesFromPeers: number;
    readonly agentPeakRssMB: number;
    readonly registryPeakRssMB: number;
  };
  assert.equal(used.bytesFromPeers, 500_000_000);
  assert.ok(used.agentPeakRssMB < 220, `${used.agentPeakRssMB} MB`);
  assert.ok(used.registryPeakRssMB < 260, `${used.registryPeakRssMB} MB`);
});
