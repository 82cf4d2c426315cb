import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'node:test';
import { pull, pushBlob } from '../../test/lab/oci-client.ts';
import { writeRandomFile } from '../../test/lab/random-file.ts';
import { agentFor, TestFolder } from './agent-fixture.ts';

/** The reference registry, which Debian packages: it has no torrents. */
const program = 'docker-registry';

test('an agent works with a registry that knows nothing of torrents', async (t) => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
  } catch {
    t.skip(`${program} is not installed`);
    return;
  }
  await using folder = await TestFolder.make();
  const url = new URL(`http://127.0.0.1:${await freePort()}`);
  const config = path.join(folder.path, 'config.yml');
  const storage = { filesystem: { rootdirectory: path.join(folder.path, 'registry') } };
  await writeFile(config, JSON.stringify({ version: 0.1, storage, http: { addr: url.host } }));
  const registry = spawn(program, ['serve', config], { stdio: 'ignore' });
  t.after(async () => {
    if (registry.exitCode !== null) return;
    registry.kill();
    await once(registry, 'exit');
  });
  await answers(url);

  const blob = await writeRandomFile(path.join(folder.path, 'blob'), 3_000_000);
  const pushed = await pushBlob(url.origin, 'library/app', '1', blob);
  await using agent = await agentFor(url, path.join(folder.path, 'agent'));
  const bodies = await Promise.all([1, 2, 3].map(() => pull(agent.url, pushed, '1')));
  for (const body of bodies) assert.equal(body.digest, blob.digest);
  const metrics = await (await fetch(`${agent.url}/metrics`)).text();
  assert.match(metrics, /^docket_agent_received_bytes_total\{via="registry"\} 3000000$/m);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

async function answers(url: URL): Promise<void> {
  const until = performance.now() + 10_000;
  while (performance.now() < until) {
    const answer = await fetch(new URL('/v2/', url)).catch(() => undefined);
    if (answer?.ok === true) return;
    await pause(50);
  }
  throw new Error(`${program} does not answer`);
}
