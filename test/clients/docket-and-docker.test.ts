import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { needClients } from '../lab/clients.ts';
import { containerTools } from '../lab/containers.ts';
import { runDocket } from '../lab/docket-client.ts';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { startDockerd } from '../lab/dockerd.ts';
import { startHosts } from '../lab/hosts.ts';
import { makeImage } from '../lab/image.ts';
import { Lab } from '../lab/lab.ts';

test('docket push and docket pull carry images from one Docker engine to another', async (t) => {
  if (!needClients(t, 'hosts', 'dockerd', 'skopeo', 'busybox')) return;
  const lab = await Lab.open(t);
  const hosts = await startHosts(lab, ['registry', 'from', 'to']);
  const [registryHost, fromHost, toHost] = hosts;
  assert.ok(registryHost !== undefined && fromHost !== undefined && toHost !== undefined);
  const registry = await startRegistry(lab, { host: registryHost });
  const image = await makeImage(lab, 'image', [15_000_000, 5_000_000]);
  const [from, to] = await Promise.all([
    startDockerd(lab, { host: fromHost }),
    startDockerd(lab, { host: toHost }),
  ]);
  const tools = await containerTools(lab, { host: fromHost });
  // An engine of 20.10 loads only the older layout of archives.
  const archive = join(lab.folder, 'image.tar');
  await tools.skopeo(['copy', `oci:${image.layout}:latest`, `docker-archive:${archive}:app:1`]);
  await from.docker(['load', '--input', archive]);

  const client = (host: typeof toHost, engine: string, ...command: readonly string[]) =>
    runDocket(lab, ['-h', registry.url, '-l', join(lab.folder, host.name), ...command], {
      host,
      engine,
    });
  const run = ['run', '--rm', '--network', 'none'];
  const id = await from.imageId('app:1');

  await lab.part(
    'an image goes from one engine to the registry and to another engine',
    async () => {
      const printed = await client(fromHost, from.address, 'push', 'app:1');
      assert.match(printed, /^app@sha256:[0-9a-f]{64}\n$/);
      assert.match(await client(toHost, to.address, 'images'), /^app +1 /m);
      await client(toHost, to.address, 'pull', 'app:1');
      assert.equal(await to.imageId('app:1'), id);
      assert.equal(await to.docker([...run, 'app:1']), 'this is image\n');
    },
  );

  await lab.part('without a tag it is latest', async () => {
    await from.docker(['tag', 'app:1', 'team/tool']);
    await client(fromHost, from.address, 'push', 'team/tool');
    await client(toHost, to.address, 'pull', 'team/tool');
    assert.equal(await to.imageId('team/tool:latest'), id);
  });

  await lab.part(
    '-o writes a file that docker load takes, and a folder that skopeo takes',
    async () => {
      const file = join(lab.folder, 'out.tar');
      await client(toHost, '/nowhere', 'pull', '-o', file, 'app:1');
      await to.docker(['image', 'rm', '--force', id]);
      await to.docker(['load', '--input', file]);
      assert.equal(await to.imageId('app:1'), id);

      const folder = await lab.newFolder('out');
      await client(toHost, '/nowhere', 'pull', '-o', `${folder}/`, 'app:1');
      const inspect = await tools.skopeo(['inspect', '--raw', `oci:${folder}`]);
      assert.ok(inspect.includes(id), inspect);
    },
  );

  await lab.part('a push from a docker save tar and from an OCI folder', async () => {
    await client(fromHost, '/nowhere', 'push', '--from', archive, 'by/archive:1');
    await client(fromHost, '/nowhere', 'push', '--from', image.layout, 'by/layout:1');
    for (const name of ['by/archive:1', 'by/layout:1']) {
      await client(toHost, to.address, 'pull', name);
      assert.equal(await to.docker([...run, name]), 'this is image\n');
    }
    const raw = ['inspect', '--raw', '--tls-verify=false'];
    const pushed = await tools.skopeo([
      ...raw,
      `docker://${registryHost.address}:8000/by/layout:1`,
    ]);
    assert.equal(pushed, Buffer.from(image.manifest).toString(), 'a layout is pushed as it is');
  });

  await lab.part('docket pull asks the agent of the host when there is one', async () => {
    const agent = await startAgent(lab, { host: toHost, registry: registry.url });
    await to.docker(['image', 'rm', '--force', id]);
    await client(toHost, to.address, 'pull', 'app:1');
    assert.equal(await to.docker([...run, 'app:1']), 'this is image\n');
    const fetched = await agent.downloads();
    assert.ok(
      fetched.some(({ length }) => length > 15_000_000),
      JSON.stringify(fetched),
    );
  });
});
