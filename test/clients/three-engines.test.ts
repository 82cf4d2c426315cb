import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { needClients } from '../lab/clients.ts';
import { containerTools } from '../lab/containers.ts';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { startDockerd } from '../lab/dockerd.ts';
import { startHosts } from '../lab/hosts.ts';
import { makeImage, writeBusyboxTar } from '../lab/image.ts';
import { Lab } from '../lab/lab.ts';

test('three Docker engines pull through their agents what docker, podman and skopeo have pushed', async (t) => {
  if (!needClients(t, 'hosts', 'dockerd', 'podman', 'skopeo', 'busybox')) return;
  const lab = await Lab.open(t);
  const names = ['registry', 'one', 'two', 'three'];
  const [registryHost, ...hosts] = await startHosts(lab, names, { rate: '200mbit' });
  assert.ok(registryHost !== undefined);
  const registry = await startRegistry(lab, { host: registryHost });
  const there = `${registryHost.address}:8000`;
  const [image, engines] = await Promise.all([
    makeImage(lab, 'big', [40_000_000, 35_000_000, 30_000_000]),
    Promise.all(
      hosts.map(async (host) => {
        await startAgent(lab, { host, registry: registry.url });
        return startDockerd(lab, { host, mirror: 'http://127.0.0.1:8010', insecure: [there] });
      }),
    ),
  ]);
  const [one] = engines;
  assert.ok(one !== undefined);
  const tar = join(lab.folder, 'busybox.tar');
  await writeBusyboxTar(tar);
  const tools = await containerTools(lab, { host: one.host });

  /** Pulls on all engines at once and says how many copies the registry has sent for it. */
  const pullEverywhere = async (name: string, size: number): Promise<number> => {
    const before = await registry.sent();
    const begin = performance.now();
    await Promise.all(engines.map((engine) => engine.docker(['pull', name])));
    const seconds = (performance.now() - begin) / 1000;
    const after = await registry.sent();
    const copies = (after.total - before.total) / size;
    t.diagnostic(`${name}: ${seconds.toFixed(1)} s, ${copies.toFixed(2)} copies`);
    return copies;
  };
  const imageIds = async (name: string): Promise<Set<string>> =>
    new Set(await Promise.all(engines.map((engine) => engine.imageId(name))));

  await lab.part('docker pushes', async () => {
    const command = 'CMD ["/bin/busybox", "echo", "from docker"]';
    await one.docker(['import', '--change', command, tar, `${there}/team/app:1`]);
    await one.docker(['push', `${there}/team/app:1`]);
  });

  await lab.part('podman pushes', async () => {
    await tools.podman([
      'import',
      '--change',
      'CMD ["/bin/busybox", "echo", "from podman"]',
      tar,
      'app:2',
    ]);
    await tools.podman(['push', '--tls-verify=false', 'localhost/app:2', `${there}/team/app:2`]);
  });

  await lab.part('skopeo pushes', async () => {
    const source = `oci:${image.layout}:latest`;
    const target = `docker://${there}/library/big:latest`;
    await tools.skopeo(['copy', '--dest-tls-verify=false', source, target]);
  });

  await lab.part('all pull a big image at once through the mirror', async () => {
    assert.ok(image.size >= 100_000_000);
    const copies = await pullEverywhere('big', image.size);
    assert.deepEqual(await imageIds('big'), new Set([image.config.digest]));
    assert.ok(copies >= 0.99, `the registry sent only ${copies} copies: not what was meant`);
    assert.ok(copies <= 1.5, `the registry sent ${copies} copies`);
  });

  await lab.part('all pull a small image at once by name', async () => {
    const name = '127.0.0.1:8010/team/app:1';
    await Promise.all(engines.map((engine) => engine.docker(['pull', name])));
    const ids = await imageIds(name);
    assert.deepEqual(ids, new Set([await one.imageId(`${there}/team/app:1`)]));
  });

  await lab.part('what was pulled runs', async () => {
    const run = async (index: number, name: string): Promise<string | undefined> =>
      engines[index]?.docker(['run', '--rm', '--network', 'none', name]);
    assert.equal(await run(1, 'big'), 'this is big\n');
    assert.equal(await run(2, '127.0.0.1:8010/team/app:1'), 'from docker\n');
    await engines[1]?.docker(['pull', '127.0.0.1:8010/team/app:2']);
    assert.equal(await run(1, '127.0.0.1:8010/team/app:2'), 'from podman\n');
  });

  await lab.part('docker pulls from the registry without an agent', async () => {
    await engines[2]?.docker(['pull', `${there}/team/app:2`]);
    assert.equal(
      await engines[2]?.imageId(`${there}/team/app:2`),
      await engines[1]?.imageId('127.0.0.1:8010/team/app:2'),
    );
  });
});
