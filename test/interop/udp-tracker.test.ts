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
import { startRegistry } from '../lab/docket.ts';
import { fetchToFile } from '../lab/fetch-on.ts';
import { startHosts, type Host } from '../lab/hosts.ts';
import { makeImage } from '../lab/image.ts';
import { Lab } from '../lab/lab.ts';
import { digestOfFile } from '../lab/random-file.ts';

const fetchers = {
  aria2: fetchWithAria2,
  transmission: fetchWithTransmission,
  libtorrent: fetchWithLibtorrent,
  ctorrent: fetchWithCtorrent,
} satisfies Readonly<Record<string, TorrentFetch>>;
type Name = keyof typeof fetchers;

interface Scene {
  readonly lab: Lab;
  readonly registryHost: Host;
  readonly hosts: readonly Host[];
  readonly metainfo: Metainfo;
  readonly digest: string;
}

/** A registry with one layer, and a host for each client. Undefined when this machine lacks what it takes. */
async function openScene(t: TestContext, names: readonly Name[]): Promise<Scene | undefined> {
  if (!needClients(t, 'hosts', 'skopeo', ...names)) return undefined;
  const lab = await Lab.open(t);
  const [registryHost, ...hosts] = await startHosts(lab, ['registry', ...names]);
  assert.ok(registryHost !== undefined);
  const registry = await startRegistry(lab, { host: registryHost });
  const image = await makeImage(lab, 'image', [3_000_000], { runnable: false });
  const tools = await containerTools(lab, { host: registryHost });
  const target = `docker://${registryHost.address}:8000/team/app:1`;
  await tools.skopeo(['copy', '--dest-tls-verify=false', `oci:${image.layout}:latest`, target]);
  const digest = image.layers[0]?.digest ?? '';
  const url = `${registry.url}/v2/team/app/_docket/torrents/${digest}`;
  const served = await fetchToFile(lab, registryHost, url, join(lab.folder, 'served.torrent'));
  return { lab, registryHost, hosts, metainfo: parseMetainfo(await readFile(served)), digest };
}

/** Has each client fetch the layer from its peers, found by these trackers. */
async function fetchAll(
  scene: Scene,
  names: readonly Name[],
  trackers: readonly (readonly string[])[],
): Promise<void> {
  const { lab, hosts, metainfo, digest } = scene;
  const torrent = join(lab.folder, 'changed.torrent');
  await writeFile(torrent, encodeMetainfo(metainfo, { trackers, webSeeds: [] }));
  await Promise.all(
    names.map(async (name, index) => {
      const host = hosts[index];
      assert.ok(host !== undefined);
      const file = await fetchers[name](lab, {
        host,
        torrent,
        name: metainfo.name,
        within: 120_000,
      });
      assert.equal(await digestOfFile(file), digest, `what ${name} has fetched`);
    }),
  );
}

// aria2 has UDP trackers only together with DHT.
test('Transmission and libtorrent find the registry by its tracker over UDP alone', async (t) => {
  const names = ['transmission', 'libtorrent'] as const;
  const scene = await openScene(t, names);
  if (scene === undefined) return;
  const { address } = scene.registryHost;
  await fetchAll(scene, names, [[`udp://${address}:8000/announce`]]);
});

test('all clients take a torrent that names the tracker over HTTP and over UDP', async (t) => {
  const names = ['aria2', 'transmission', 'libtorrent', 'ctorrent'] as const;
  const scene = await openScene(t, names);
  if (scene === undefined) return;
  const { address } = scene.registryHost;
  const tracker = `${address}:8000/announce`;
  await fetchAll(scene, names, [[`http://${tracker}`], [`udp://${tracker}`]]);
});
