import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { parseMetainfo } from '../../src/torrent/metainfo.ts';
import { needClients } from '../lab/clients.ts';
import { containerTools } from '../lab/containers.ts';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { eventually } from '../lab/eventually.ts';
import { fetchOn, fetchToFile } from '../lab/fetch-on.ts';
import { holds } from '../lab/holds.ts';
import { startHosts } from '../lab/hosts.ts';
import { makeImage } from '../lab/image.ts';
import { Lab } from '../lab/lab.ts';
import { torrentUrl } from '../lab/oci-client.ts';
import { startOpentracker } from '../lab/opentracker.ts';
import { digestOfFile } from '../lab/random-file.ts';
import { torrentClients } from '../lab/torrent-clients.ts';

test('with opentracker, an agent fetches a blob from libtorrent while the registry is gone', async (t) => {
  if (!needClients(t, 'hosts', 'skopeo', 'opentracker', 'libtorrent', 'ctorrent')) return;
  const lab = await Lab.open(t);
  const names = ['tracker', 'registry', 'seed', 'one', 'two'];
  const [trackerHost, registryHost, seedHost, agentHost, leechHost] = await startHosts(lab, names);
  assert.ok(trackerHost !== undefined && registryHost !== undefined && seedHost !== undefined);
  assert.ok(agentHost !== undefined && leechHost !== undefined);
  const tracker = await startOpentracker(lab, trackerHost);
  const registry = await startRegistry(lab, {
    host: registryHost,
    trackers: [tracker.address],
    trackerWhitelist: tracker.whitelist,
    trackerReload: tracker.reload,
  });
  const image = await makeImage(lab, 'image', [20_000_000], { runnable: false });
  const tools = await containerTools(lab, { host: registryHost });
  const target = `docker://${registryHost.address}:8000/team/app:1`;
  const source = `oci:${image.layout}:latest`;
  await tools.skopeo(['copy', '--dest-tls-verify=false', source, target]);

  const layer = image.layers.at(-1);
  assert.ok(layer !== undefined);
  const url = torrentUrl(registry.url, 'team/app', layer.digest);
  const torrent = await fetchToFile(lab, registryHost, url, join(lab.folder, 'served.torrent'));
  const metainfo = parseMetainfo(await readFile(torrent));
  assert.deepEqual(metainfo.trackers, [[`http://${tracker.address}/announce`]]);
  await eventually('the info hash in the whitelist', async () => {
    const lines = (await readFile(tracker.whitelist, 'utf8')).split('\n');
    return lines.includes(metainfo.infoHash);
  });

  const seedJob = { host: seedHost, torrent, name: metainfo.name };
  const seed = await torrentClients.libtorrent.seed(lab, seedJob, layer.path);
  await seed.line(/received peers/);

  const agent = await startAgent(lab, { host: agentHost, registry: registry.url });
  // The agent learns everything that it needs with the manifest; then the registry is gone.
  await fetchOn(lab, agentHost, `${agent.url}/v2/team/app/manifests/1`);
  await eventually('the piece hashes on the disk of the agent', () =>
    holds(agent.location, metainfo.sha1),
  );
  await registry.program.kill();

  const blobUrl = `${agent.url}/v2/team/app/blobs/${layer.digest}`;
  const pulled = await fetchToFile(lab, agentHost, blobUrl, join(lab.folder, 'pulled'));
  assert.equal(await digestOfFile(pulled), layer.digest);
  const download = await agent.download(layer.digest);
  assert.ok(download !== undefined && download.bytesFromPeers >= layer.size);
  assert.equal(download.bytesFromRegistry, 0);

  // And the other way round: when libtorrent is gone as well, ctorrent gets it from the agent.
  await seed.kill();
  const job = { host: leechHost, torrent, name: metainfo.name };
  assert.equal(await digestOfFile(await torrentClients.ctorrent.fetch(lab, job)), layer.digest);
});
