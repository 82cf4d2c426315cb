import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { needClients } from '../lab/clients.ts';
import { startContainerd } from '../lab/containerd.ts';
import { containerTools } from '../lab/containers.ts';
import { startDockerd } from '../lab/dockerd.ts';
import { startRegistry } from '../lab/docket.ts';
import { fetchOn } from '../lab/fetch-on.ts';
import { startHosts } from '../lab/hosts.ts';
import { makeImage } from '../lab/image.ts';
import { makeArtifact, makeIndex } from '../lab/layouts.ts';
import { Lab } from '../lab/lab.ts';

test('docker, podman, buildah, skopeo and containerd use all that a registry has', async (t) => {
  if (!needClients(t, 'hosts', 'dockerd', 'containerd', 'podman', 'buildah', 'skopeo', 'busybox')) {
    return;
  }
  const lab = await Lab.open(t);
  const [host] = await startHosts(lab, ['registry']);
  assert.ok(host !== undefined);
  const registry = await startRegistry(lab, { host });
  const there = `${host.address}:8000`;
  const small = await makeImage(lab, 'small', [300_000]);
  const other = await makeImage(lab, 'other', [200_000, 100_000]);
  const index = await makeIndex(lab, 'index', { amd64: small, arm64: other });
  const tools = await containerTools(lab, { host });
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  const raw = (name: string): Promise<string> =>
    tools.skopeo(['inspect', '--raw', '--tls-verify=false', `docker://${there}/${name}`]);
  const api = async (path: string): Promise<string> =>
    await fetchOn(lab, host, registry.url + path);

  await lab.part('skopeo copies an index with all its images, there, on and back', async () => {
    const source = `oci:${index.layout}:latest`;
    await tools.skopeo(['copy', '--all', ...plain, source, `docker://${there}/multi/app:1`]);
    assert.equal(await raw('multi/app:1'), index.bytes.toString());
    for (const { digest, manifest } of [small, other]) {
      assert.equal(await raw(`multi/app@${digest}`), Buffer.from(manifest).toString());
    }
    const copy = ['copy', '--all', ...plain];
    await tools.skopeo([
      ...copy,
      `docker://${there}/multi/app:1`,
      `docker://${there}/multi/copy:2`,
    ]);
    const back = join(lab.folder, 'back');
    await tools.skopeo([...copy, `docker://${there}/multi/copy:2`, `oci:${back}:latest`]);
    assert.ok((await readFile(join(back, 'index.json'), 'utf8')).includes(index.digest));
    await tools.skopeo([...copy, `docker://${there}/multi/app:1`, `docker://${there}/multi/app:3`]);
    const tags = await tools.skopeo([
      'list-tags',
      '--tls-verify=false',
      `docker://${there}/multi/app`,
    ]);
    assert.deepEqual(JSON.parse(tags).Tags, ['1', '3']);
  });

  await lab.part('skopeo copies an artifact, which is found by what it is about', async () => {
    const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    const artifact = await makeArtifact(lab, 'bundle', { type, content: '{}\n', subject: small });
    const target = `docker://${there}/multi/app:bundle`;
    await tools.skopeo(['copy', ...plain, `oci:${artifact.layout}:latest`, target]);
    assert.equal(await raw('multi/app:bundle'), artifact.bytes.toString());
    const query = `?artifactType=${encodeURIComponent(type)}`;
    const list = JSON.parse(await api(`/v2/multi/app/referrers/${small.digest}${query}`));
    assert.deepEqual(list.manifests, [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: artifact.digest,
        size: artifact.bytes.length,
        artifactType: type,
        annotations: { 'org.opencontainers.image.title': 'bundle' },
      },
    ]);
    await tools.skopeo(['delete', '--tls-verify=false', target]);
    const rest = JSON.parse(await api(`/v2/multi/app/referrers/${small.digest}`));
    assert.deepEqual(rest.manifests, []);
  });

  await lab.part('skopeo deletes', async () => {
    const name = `docker://${there}/multi/copy:2`;
    await tools.skopeo(['delete', '--tls-verify=false', name]);
    await assert.rejects(raw('multi/copy:2'), /manifest unknown/i);
    assert.equal(await raw('multi/app:1'), index.bytes.toString());
  });

  await lab.part(
    'containerd pulls an index for all platforms, and pushes it as it was',
    async () => {
      const containerd = await startContainerd(lab, { host });
      const flags = ['--plain-http', '--all-platforms', '--snapshotter', 'native'];
      await containerd.ctr(['images', 'pull', ...flags, `${there}/multi/app:1`]);
      await containerd.ctr(['images', 'tag', `${there}/multi/app:1`, `${there}/by/ctr:1`]);
      await containerd.ctr(['images', 'push', '--plain-http', `${there}/by/ctr:1`]);
      assert.equal(await raw('by/ctr:1'), index.bytes.toString());
      assert.equal(await raw(`by/ctr@${other.digest}`), Buffer.from(other.manifest).toString());
    },
  );

  await lab.part('layers in zstd are pushed by skopeo and podman, and pulled', async () => {
    // New to the registry: else its layers would be taken from there, as they are.
    const fresh = await makeImage(lab, 'fresh', [250_000], { runnable: false });
    const compressed = ['--dest-compress-format', 'zstd', ...plain];
    const source = `oci:${fresh.layout}:latest`;
    await tools.skopeo(['copy', ...compressed, source, `docker://${there}/zstd/skopeo:1`]);
    const another = await makeImage(lab, 'another', [250_000], { runnable: false });
    const archive = join(lab.folder, 'another.tar');
    await tools.skopeo([
      'copy',
      `oci:${another.layout}:latest`,
      `docker-archive:${archive}:another:1`,
    ]);
    await tools.podman(['load', '--input', archive]);
    const [id] = (await tools.podman(['images', '--quiet', '--no-trunc'])).trim().split('\n');
    assert.ok(id !== undefined);
    const push = ['push', '--tls-verify=false', '--compression-format', 'zstd', '--format', 'oci'];
    await tools.podman([...push, id, `${there}/zstd/podman:1`]);
    await tools.podman(['rmi', '--all', '--force']);
    for (const name of ['zstd/skopeo:1', 'zstd/podman:1']) {
      assert.match(await raw(name), /image\.layer\.v1\.tar\+zstd/);
      const pulled = await tools.podman(['pull', '--tls-verify=false', `${there}/${name}`]);
      assert.match(pulled, /[0-9a-f]{64}/);
    }
    await tools.podman(['rmi', '--all', '--force']);
  });

  await lab.part('buildah commits into the registry, and pushes', async () => {
    const from = ['from', '--tls-verify=false', '--name', 'work'];
    await tools.buildah([...from, `${there}/multi/app@${small.digest}`]);
    await tools.buildah(['config', '--label', 'made=here', 'work']);
    await tools.buildah([
      'commit',
      '--tls-verify=false',
      'work',
      `docker://${there}/by/buildah:commit`,
    ]);
    await tools.buildah(['commit', 'work', 'local:1']);
    const push = ['push', '--tls-verify=false'];
    for (const format of ['oci', 'docker']) {
      const name = `by/buildah:${format}`;
      await tools.buildah([...push, '--format', format, 'local:1', `docker://${there}/${name}`]);
      const type = format === 'oci' ? 'oci.image.manifest.v1' : 'docker.distribution.manifest.v2';
      assert.ok((await raw(name)).includes(type));
    }
    const inspect = ['inspect', '--tls-verify=false', `docker://${there}/by/buildah:commit`];
    assert.equal(JSON.parse(await tools.skopeo(inspect)).Labels.made, 'here');
    await tools.buildah(['rm', 'work']);
    await tools.buildah(['rmi', '--all', '--force']);
  });

  await lab.part('podman makes an index of what is in the registry, and pushes it', async () => {
    await tools.podman(['manifest', 'create', 'list']);
    for (const { digest } of [small, other]) {
      const name = `docker://${there}/multi/app@${digest}`;
      await tools.podman(['manifest', 'add', '--tls-verify=false', 'list', name]);
    }
    const push = ['manifest', 'push', '--all', '--tls-verify=false', '--format', 'oci', 'list'];
    await tools.podman([...push, `docker://${there}/by/podman:list`]);
    const pushed = JSON.parse(await raw('by/podman:list'));
    assert.deepEqual(
      pushed.manifests.map((entry: { readonly digest: string }) => entry.digest),
      [small.digest, other.digest],
    );
    await tools.podman(['manifest', 'rm', 'list']);
  });

  await lab.part('docker pushes what the registry has by mounting it', async () => {
    const dockerd = await startDockerd(lab, { host, insecure: [there] });
    const image = `${there}/multi/app@${small.digest}`;
    await dockerd.docker(['pull', image]);
    await dockerd.docker(['tag', image, `${there}/by/docker:1`]);
    await dockerd.docker(['tag', image, `${there}/by/docker:2`]);
    const before = await receivedBytes(await api('/metrics'));
    const pushed = await dockerd.docker(['push', '--all-tags', `${there}/by/docker`]);
    assert.match(pushed, /Mounted from multi\/app/);
    assert.match(pushed, /digest: sha256:[0-9a-f]{64}/);
    assert.ok((await receivedBytes(await api('/metrics'))) - before < 100_000);
    assert.equal(await raw('by/docker:1'), await raw('by/docker:2'));
    await dockerd.docker(['image', 'rm', '--force', small.config.digest]);
    await dockerd.docker(['pull', `${there}/by/docker:1`]);
    const run = ['run', '--rm', '--network', 'none', `${there}/by/docker:1`];
    assert.equal(await dockerd.docker(run), 'this is small\n');
  });

  await lab.part('all of it is listed', async () => {
    const { repositories } = JSON.parse(await api('/v2/_catalog'));
    assert.deepEqual(repositories, [
      'by/buildah',
      'by/ctr',
      'by/docker',
      'by/podman',
      'multi/app',
      // skopeo deletes the index, and not what it lists.
      'multi/copy',
      'zstd/podman',
      'zstd/skopeo',
    ]);
  });
});

async function receivedBytes(metrics: string): Promise<number> {
  const line = /^docket_registry_received_bytes_total\{via="http"\} ([0-9.e+]+)$/m.exec(metrics);
  return Number(line?.[1] ?? Number.NaN);
}
