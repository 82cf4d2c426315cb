import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { encodeMetainfo, parseMetainfo, type Metainfo } from '../../src/torrent/metainfo.ts';
import {
  fetchWithAria2,
  fetchWithCtorrent,
  fetchWithLibtorrent,
  fetchWithTransmission,
  type TorrentFetch,
} from '../lab/bittorrent.ts';
import { needClients } from '../lab/clients.ts';
import { containerTools } from '../lab/containers.ts';
import { startRegistry, type RegistryProcess } from '../lab/docket.ts';
import { fetchToFile } from '../lab/fetch-on.ts';
import { startHosts, type Host } from '../lab/hosts.ts';
import { makeImage } from '../lab/image.ts';
import { Lab } from '../lab/lab.ts';
import { digestOfFile } from '../lab/random-file.ts';

const clients: Readonly<Record<string, TorrentFetch>> = {
  ctorrent: fetchWithCtorrent,
  aria2: fetchWithAria2,
  transmission: fetchWithTransmission,
  libtorrent: fetchWithLibtorrent,
};

interface Scene {
  readonly lab: Lab;
  readonly registry: RegistryProcess;
  readonly hosts: readonly Host[];
  readonly digest: string;
  readonly metainfo: Metainfo;
}

/** A registry with a blob of 20 MB, and a host for each client. */
async function openScene(t: TestContext, names: readonly string[]): Promise<Scene> {
  const lab = await Lab.open(t);
  const [registryHost, ...hosts] = await startHosts(lab, ['registry', ...names], {
    rate: '200mbit',
  });
  assert.ok(registryHost !== undefined);
  const registry = await startRegistry(lab, { host: registryHost });
  const image = await makeImage(lab, 'image', [20_000_000]);
  const tools = await containerTools(lab, { host: registryHost });
  const target = `docker://${registryHost.address}:8000/team/app:1`;
  const source = `oci:${image.layout}:latest`;
  await tools.skopeo(['copy', '--dest-tls-verify=false', source, target]);
  const digest = image.layers.at(-1)?.digest ?? '';
  const url = `${registry.url}/v2/team/app/_docket/torrents/${digest}`;
  const served = await fetchToFile(lab, registryHost, url, join(lab.folder, 'served.torrent'));
  const metainfo = parseMetainfo(await readFile(served));
  assert.equal(metainfo.name, digest.replace(':', '-'));
  return { lab, registry, hosts, digest, metainfo };
}

/** Writes a torrent file under a name of its own. */
async function write(lab: Lab, name: string, bytes: Uint8Array): Promise<string> {
  const path = join(lab.folder, `${name}.torrent`);
  await writeFile(path, bytes);
  return path;
}

/** Fetches the torrent with each of the named clients at the same time, and compares what they got. */
async function fetchWithAll(
  { lab, hosts, digest, metainfo }: Scene,
  names: readonly string[],
  torrent: string,
): Promise<void> {
  await Promise.all(
    names.map(async (name, index) => {
      const [fetchTorrent, host] = [clients[name], hosts[index]];
      assert.ok(fetchTorrent !== undefined && host !== undefined);
      const file = await fetchTorrent(lab, { host, torrent, name: metainfo.name });
      assert.equal(await digestOfFile(file), digest, `what ${name} has fetched`);
    }),
  );
}

test('ctorrent, aria2, Transmission and libtorrent fetch a blob whole from peers alone', async (t) => {
  if (!needClients(t, 'hosts', 'busybox', 'skopeo')) return;
  if (!needClients(t, 'ctorrent', 'aria2', 'transmission', 'libtorrent')) return;
  const names = Object.keys(clients);
  const scene = await openScene(t, names);
  const { lab, registry, metainfo } = scene;
  assert.ok(metainfo.webSeeds.length > 0, 'the registry names itself as a web seed');
  const torrent = await write(lab, 'peers-only', encodeMetainfo(metainfo, { webSeeds: [] }));
  const before = await registry.sent();
  await fetchWithAll(scene, names, torrent);
  const after = await registry.sent();
  assert.ok(after.peers - before.peers >= metainfo.length, 'the registry has sent it as a peer');
  assert.equal(after.http - before.http, 0, 'nothing went over HTTP');
});

test('the same clients take the torrent as it is served, with its web seed', async (t) => {
  if (!needClients(t, 'hosts', 'busybox', 'skopeo')) return;
  if (!needClients(t, 'ctorrent', 'aria2', 'transmission', 'libtorrent')) return;
  const names = Object.keys(clients);
  const scene = await openScene(t, names);
  await fetchWithAll(scene, names, join(scene.lab.folder, 'served.torrent'));
});

test('aria2 and libtorrent fetch a blob whole from the web seed alone', async (t) => {
  if (!needClients(t, 'hosts', 'busybox', 'skopeo', 'aria2', 'libtorrent')) return;
  const names = ['aria2', 'libtorrent'];
  const scene = await openScene(t, names);
  const { lab, registry, metainfo } = scene;
  const torrent = await write(lab, 'web-seed-only', encodeMetainfo(metainfo, { trackers: [] }));
  const before = await registry.sent();
  await fetchWithAll(scene, names, torrent);
  const after = await registry.sent();
  assert.equal(after.peers - before.peers, 0, 'nothing went to peers');
  assert.ok(after.http - before.http >= names.length * metainfo.length);
});
