import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { bothWays } from '../base/link-limits.ts';
import { silentLog, type Log } from '../base/log.ts';
import { startRegistry } from '../server/registry-role.ts';
import { writeRandomFile } from '../../test/lab/random-file.ts';
import { getBlob, getManifest, pull, pushBlob } from '../../test/lab/oci-client.ts';
import { agentFor, TestFolder } from './agent-fixture.ts';

interface Figures {
  readonly peers: number;
  readonly registry: number;
}

async function received(agent: { readonly url: string }): Promise<Figures> {
  const text = await (await fetch(`${agent.url}/metrics`)).text();
  const of = (via: string): number =>
    Number(
      new RegExp(`^docket_agent_received_bytes_total\\{via="${via}"\\} (\\S+)$`, 'm').exec(
        text,
      )?.[1],
    );
  return { peers: of('peers'), registry: of('registry') };
}

/** Waits until an agent has what its client has had already. */
async function settled(agent: { readonly url: string }): Promise<void> {
  for (;;) {
    const answer = await fetch(`${agent.url}/api/v1/downloads`);
    if (!(await answer.text()).includes('"downloading"')) return;
  }
}

test(
  'hosts pull from each other, and go on without their registry',
  { timeout: 60_000 },
  async (t) => {
    await using folder = await TestFolder.make();
    const inFolder = (name: string): string => path.join(folder.path, name);
    await using registry = await startRegistry({
      host: '127.0.0.1',
      port: 0,
      peerHost: '127.0.0.1',
      peerPort: 0,
      location: inFolder('registry'),
      log: silentLog,
    });
    const blob = await writeRandomFile(inFolder('blob'), 6_000_000);
    const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
    const rate = 6_000_000;
    const start = (name: string) =>
      agentFor(new URL(registry.url), inFolder(name), { link: bothWays(rate) });
    const agents = await Promise.all([start('one'), start('two'), start('three')]);
    t.after(() => Promise.all(agents.map((agent) => agent.close())));

    const manifest = await getManifest(registry.url, 'team/app', '1');
    const { config } = JSON.parse(Buffer.from(manifest).toString()) as {
      config: { digest: string };
    };
    const bodies = await Promise.all(
      agents.map(async (agent) => {
        await getBlob(agent.url, 'team/app', config.digest);
        return await pull(agent.url, pushed, '1');
      }),
    );
    for (const body of bodies) assert.equal(body.digest, blob.digest);
    await Promise.all(agents.map(settled));
    const figures = await Promise.all(agents.map(received));
    t.diagnostic(JSON.stringify(figures));
    for (const { peers, registry: overHttp } of figures) {
      assert.ok(peers >= blob.size * 0.9, `${peers} bytes came from peers`);
      assert.ok(overHttp < blob.size * 0.1, `${overHttp} bytes came over HTTP`);
    }

    await registry.close();
    const [first] = agents;
    assert.ok(first);
    await first.close();
    const again = await start('one');
    agents[0] = again;
    assert.equal((await pull(again.url, pushed, '1')).digest, blob.digest);
    const later = await received(again);
    assert.deepEqual(later, { peers: 0, registry: 0 }, 'it had everything');
  },
);

test(
  'an agent that comes back seeds what it has to a host that comes late',
  { timeout: 60_000 },
  async (t) => {
    await using folder = await TestFolder.make();
    const inFolder = (name: string): string => path.join(folder.path, name);
    await using registry = await startRegistry({
      host: '127.0.0.1',
      port: 0,
      peerHost: '127.0.0.1',
      peerPort: 0,
      location: inFolder('registry'),
      // So slow that a second copy could not come from it in time.
      link: bothWays(3_000_000),
      log: silentLog,
    });
    const blob = await writeRandomFile(inFolder('blob'), 6_000_000);
    const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
    const url = new URL(registry.url);
    const first = await agentFor(url, inFolder('one'));
    await pull(first.url, pushed, '1');
    await settled(first);
    await first.close();
    const again = await agentFor(url, inFolder('one'));
    t.after(() => again.close());
    const late = await agentFor(url, inFolder('two'));
    t.after(() => late.close());
    assert.equal((await pull(late.url, pushed, '1')).digest, blob.digest);
    const text = await (await fetch(`${again.url}/metrics`)).text();
    const sent = Number(/^docket_agent_sent_bytes_total\{via="peers"\} (\S+)$/m.exec(text)?.[1]);
    t.diagnostic(`the agent that came back sent ${sent} bytes`);
    assert.ok(sent > blob.size * 0.3, `it sent ${sent} bytes`);
  },
);

test(
  'a damaged blob is mended from the swarm, only where it is damaged',
  { timeout: 60_000 },
  async () => {
    await using folder = await TestFolder.make();
    const inFolder = (name: string): string => path.join(folder.path, name);
    await using registry = await startRegistry({
      host: '127.0.0.1',
      port: 0,
      peerHost: '127.0.0.1',
      peerPort: 0,
      location: inFolder('registry'),
      log: silentLog,
    });
    const blob = await writeRandomFile(inFolder('blob'), 2_000_000);
    const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
    await using agent = await agentFor(new URL(registry.url), inFolder('one'));
    await pull(agent.url, pushed, '1');
    await settled(agent);
    const hex = blob.digest.slice('sha256:'.length);
    const file = await open(path.join(inFolder('one'), 'blobs/sha256', hex), 'r+');
    await file.write('damage', 1_000_000);
    await file.close();
    const before = await received(agent);
    assert.equal((await getBlob(agent.url, 'team/app', blob.digest)).digest, blob.digest);
    const after = await received(agent);
    const again = after.peers + after.registry - before.peers - before.registry;
    assert.ok(again > 0 && again < blob.size / 10, `${again} bytes were fetched again`);
  },
);

test('an agent says what it cannot start with', async (t) => {
  await using folder = await TestFolder.make();
  const registry = new URL('http://127.0.0.1:9');
  for (const wrong of ['', 'ftp://registry', 'http://user:secret@registry', 'http://']) {
    await assert.rejects(agentFor(registry, folder.path, { registry: wrong }), {
      code: 'AGENT_REGISTRY_INVALID',
    });
  }
  for (const own of ['http://127.0.0.1:9', 'http://localhost:9', 'http://[::1]:9']) {
    await assert.rejects(agentFor(registry, folder.path, { registry: own, port: 9 }), {
      code: 'AGENT_REGISTRY_INVALID',
      message: /the agent's own address/,
    });
  }
  const taken = createServer();
  await new Promise<void>((resolve) => {
    taken.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => taken.close());
  const address = taken.address();
  assert.ok(typeof address === 'object' && address !== null);
  for (const options of [{ port: address.port }, { peerPort: address.port }]) {
    await assert.rejects(agentFor(registry, folder.path, options), { code: 'EADDRINUSE' });
  }
  await using agent = await agentFor(registry, folder.path);
  assert.ok(agent.peerPort > 0);
  await assert.rejects(agentFor(registry, folder.path), { code: 'STORAGE_LOCKED' });
});

test('an agent whose registry does not answer says so, and runs', async () => {
  await using folder = await TestFolder.make();
  const warned = Promise.withResolvers<object>();
  const log: Log = { ...silentLog, warn: (fields) => warned.resolve(fields) };
  await using agent = await agentFor(new URL('http://127.0.0.1:9'), folder.path, { log });
  assert.match(JSON.stringify(await warned.promise), /127\.0\.0\.1:9.*cannot be reached/);
  assert.equal((await fetch(`${agent.url}/v2/`)).status, 200);
});
