import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { needClients } from '../lab/clients.ts';
import { startContainerd } from '../lab/containerd.ts';
import { containerTools } from '../lab/containers.ts';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { startHosts } from '../lab/hosts.ts';
import { makeImage } from '../lab/image.ts';
import { Lab } from '../lab/lab.ts';

const agentAddress = '127.0.0.1:8010';

/** podman, buildah and skopeo ask the agent for what Docker Hub holds. */
const mirrored = `unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "docker.io"
location = "docker.io"
[[registry.mirror]]
location = "${agentAddress}"
insecure = true
`;

/** containerd asks the agent for what Docker Hub holds; the Hub itself is out of reach. */
const hostsToml = `server = "http://127.0.0.1:9"
[host."http://${agentAddress}"]
  capabilities = ["pull", "resolve"]
`;

test('containerd, podman, buildah and skopeo pull through an agent and from the registry', async (t) => {
  if (!needClients(t, 'hosts', 'containerd', 'podman', 'buildah', 'skopeo', 'busybox')) return;
  const lab = await Lab.open(t);
  const [registryHost, host] = await startHosts(lab, ['registry', 'one']);
  assert.ok(registryHost !== undefined && host !== undefined);
  const registry = await startRegistry(lab, { host: registryHost });
  await startAgent(lab, { host, registry: registry.url });
  const there = `${registryHost.address}:8000`;
  const image = await makeImage(lab, 'image', [12_000_000, 5_000_000]);
  const tools = await containerTools(lab, { host, registries: mirrored });
  const containerd = await startContainerd(lab, { host, hosts: { 'docker.io': hostsToml } });
  const source = `oci:${image.layout}:latest`;
  for (const name of ['library/image:latest', 'team/app:1']) {
    await tools.skopeo(['copy', '--dest-tls-verify=false', source, `docker://${there}/${name}`]);
  }
  const ctrPull = (name: string, ...flags: readonly string[]): Promise<string> =>
    containerd.ctr(['images', 'pull', '--snapshotter', 'native', ...flags, name]);
  const digestInContainerd = async (name: string): Promise<string | undefined> => {
    const list = await containerd.ctr(['images', 'list', `name==${name}`]);
    return list.match(/sha256:[0-9a-f]{64}/)?.[0];
  };

  await lab.part('containerd pulls by hosts.toml, by name and directly', async () => {
    const hub = 'docker.io/library/image:latest';
    await ctrPull(hub, '--hosts-dir', containerd.hostsFolder);
    assert.equal(await digestInContainerd(hub), image.digest);
    for (const from of [agentAddress, there]) {
      await ctrPull(`${from}/team/app:1`, '--plain-http');
      assert.equal(await digestInContainerd(`${from}/team/app:1`), image.digest);
    }
  });

  await lab.part('containerd pushes', async () => {
    await containerd.ctr(['images', 'tag', `${there}/team/app:1`, `${there}/by/containerd:1`]);
    await containerd.ctr(['images', 'push', '--plain-http', `${there}/by/containerd:1`]);
    const inspect = ['inspect', '--tls-verify=false', '--format', '{{.Digest}}'];
    const digest = await tools.skopeo([...inspect, `docker://${there}/by/containerd:1`]);
    assert.equal(digest.trim(), image.digest);
  });

  for (const tool of ['podman', 'buildah'] as const) {
    await lab.part(`${tool} pulls by registries.conf, by name and directly`, async () => {
      const names = ['docker.io/library/image:latest'];
      names.push(`${agentAddress}/team/app:1`, `${there}/team/app:1`);
      for (const name of names) {
        const output = await tools[tool](['pull', '--tls-verify=false', name]);
        assert.ok(output.includes(image.config.digest.slice('sha256:'.length)), output);
      }
      await tools[tool](['rmi', '--all', '--force']);
    });
  }

  await lab.part('skopeo copies by registries.conf, by name and directly', async () => {
    const from = ['docker.io/library/image:latest', `${agentAddress}/team/app:1`];
    from.push(`${there}/team/app:1`);
    for (const [index, name] of from.entries()) {
      const folder = join(lab.folder, `copy-${index}`);
      const flags = ['--src-tls-verify=false'];
      await tools.skopeo(['copy', ...flags, `docker://${name}`, `oci:${folder}:latest`]);
      const copied = await readFile(join(folder, 'index.json'), 'utf8');
      assert.ok(copied.includes(image.digest), `${name}: ${copied}`);
    }
  });
});
