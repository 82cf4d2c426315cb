import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { encodeMetainfo, parseMetainfo, type Metainfo } from '../../src/torrent/metainfo.ts';
import { needClients } from '../lab/clients.ts';
import { containerTools } from '../lab/containers.ts';
import { startRegistry, type RegistryProcess } from '../lab/docket.ts';
import { fetchToFile } from '../lab/fetch-on.ts';
import { startHosts, type Host } from '../lab/hosts.ts';
import { makeImage, type LabImage } from '../lab/image.ts';
import { Lab } from '../lab/lab.ts';
import { torrentUrl } from '../lab/oci-client.ts';
import { digestOfFile } from '../lab/random-file.ts';
import { torrentClients, type TorrentClientName } from '../lab/torrent-clients.ts';

type Name = TorrentClientName;
const all: readonly Name[] = ['ctorrent', 'aria2', 'transmission', 'libtorrent'];

interface Scene {
  readonly lab: Lab;
  readonly registry: RegistryProcess;
  readonly registryHost: Host;
  readonly hosts: readonly Host[];
  readonly image: LabImage;
}

/** A registry with an image, and a host for each client. Undefined when this machine lacks what it takes. */
async function openScene(
  t: TestContext,
  names: readonly Name[],
  lengths: readonly number[],
): Promise<Scene | undefined> {
  if (!needClients(t, 'hosts', 'skopeo', ...names)) return undefined;
  const lab = await Lab.open(t);
  const options = { rate: '200mbit' };
  const [registryHost, ...hosts] = await startHosts(lab, ['registry', ...names], options);
  assert.ok(registryHost !== undefined);
  const registry = await startRegistry(lab, { host: registryHost, logLevel: 'debug' });
  const image = await makeImage(lab, 'image', lengths, { runnable: false });
  const tools = await containerTools(lab, { host: registryHost });
  const target = `docker://${registryHost.address}:8000/team/app:1`;
  const source = `oci:${image.layout}:latest`;
  await tools.skopeo(['copy', '--dest-tls-verify=false', source, target]);
  return { lab, registry, registryHost, hosts, image };
}

/** The `.torrent` of one of the image's layers, as the registry serves it. */
async function servedTorrent(
  { lab, registry, registryHost, image }: Scene,
  layer: number,
): Promise<{ readonly path: string; readonly metainfo: Metainfo }> {
  const digest = image.layers[layer]?.digest ?? '';
  const url = torrentUrl(registry.url, 'team/app', digest);
  const path = join(lab.folder, `served-${layer}.torrent`);
  const metainfo = parseMetainfo(await readFile(await fetchToFile(lab, registryHost, url, path)));
  assert.equal(metainfo.name, digest.replace(':', '-'));
  return { path, metainfo };
}

/** Writes the torrent with other sources: the info hash stays the same. */
async function withSources(
  { lab }: Scene,
  metainfo: Metainfo,
  sources: Parameters<typeof encodeMetainfo>[1],
): Promise<string> {
  const path = join(lab.folder, `${metainfo.infoHash}.torrent`);
  await writeFile(path, encodeMetainfo(metainfo, sources));
  return path;
}

/** Fetches a torrent with one client on a host of its own, and compares what it got with the layer. */
async function fetchAndCompare(
  { lab, hosts, image }: Scene,
  client: { readonly name: Name; readonly index: number },
  torrent: string,
  layer: number,
): Promise<void> {
  const host = hosts[client.index];
  const blob = image.layers[layer];
  assert.ok(host !== undefined && blob !== undefined);
  const job = { host, torrent, name: blob.digest.replace(':', '-') };
  const file = await torrentClients[client.name].fetch(lab, job);
  assert.equal(await digestOfFile(file), blob.digest, `what ${client.name} has fetched`);
}

test('ctorrent, aria2, Transmission and libtorrent take a torrent as it is served, all at the same time', async (t) => {
  const scene = await openScene(t, all, [20_000_000]);
  if (scene === undefined) return;
  const { path } = await servedTorrent(scene, 0);
  await Promise.all(all.map((name, index) => fetchAndCompare(scene, { name, index }, path, 0)));
});

test('aria2 and libtorrent fetch a blob whole from the registry as their web seed alone', async (t) => {
  const names = ['aria2', 'libtorrent'] as const;
  const scene = await openScene(t, names, [20_000_000]);
  if (scene === undefined) return;
  const { metainfo } = await servedTorrent(scene, 0);
  const torrent = await withSources(scene, metainfo, { trackers: [] });
  const before = await scene.registry.sent();
  await Promise.all(
    names.map((name, index) => fetchAndCompare(scene, { name, index }, torrent, 0)),
  );
  const after = await scene.registry.sent();
  assert.equal(after.peers - before.peers, 0, 'nothing went to peers');
  assert.ok(after.http - before.http >= names.length * metainfo.length);
});
