import assert from 'node:assert/strict';
import { glob, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeMetainfo, parseMetainfo } from '../../src/torrent/metainfo.ts';
import { needClients } from '../lab/clients.ts';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { eventually } from '../lab/eventually.ts';
import { holds } from '../lab/holds.ts';
import { Lab } from '../lab/lab.ts';
import { getBlob, getManifest, pushBlob } from '../lab/oci-client.ts';
import { digestOfFile, writeRandomFile } from '../lab/random-file.ts';
import { torrentClients } from '../lab/torrent-clients.ts';

test('libtorrent and Docket give each other a blob over IPv6 alone, by HTTP and UDP trackers', async (t) => {
  if (!needClients(t, 'libtorrent')) return;
  const addresses = Object.values(networkInterfaces()).flatMap((list = []) => list);
  if (!addresses.some(({ address }) => address === '::1')) return t.skip('no IPv6 here');
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab, { address: '::1' });
  const agent = await startAgent(lab, { registry: registry.url });
  const { libtorrent } = torrentClients;
  for (const scheme of ['http', 'udp']) {
    const blob = await writeRandomFile(join(lab.folder, scheme), 3_000_000);
    const repository = `team/${scheme}`;
    await pushBlob(registry.url, repository, '1', blob);
    const served = `${registry.url}/v2/${repository}/_docket/torrents/${blob.digest}`;
    const bytes = new Uint8Array(await (await fetch(served)).arrayBuffer());
    const metainfo = parseMetainfo(bytes);
    const torrent = join(lab.folder, `${scheme}.torrent`);
    const trackers = [[registry.url.replace('http', scheme) + '/announce']];
    await writeFile(torrent, encodeMetainfo(metainfo, { trackers, webSeeds: [] }));
    const job = { torrent, name: metainfo.name, listen: '[::1]:0' };
    assert.equal(await digestOfFile(await libtorrent.fetch(lab, job)), blob.digest);

    // Then the registry loses the blob, and the agent gets it from libtorrent.
    await getManifest(agent.url, repository, '1');
    const hex = blob.digest.replace('sha256:', '');
    await eventually('the piece hashes on the disk of the agent', () =>
      holds(agent.location, metainfo.sha1),
    );
    for await (const name of glob(`blobs/**/${hex}`, { cwd: registry.location }))
      await rm(join(registry.location, name));
    const seed = await libtorrent.seed(lab, job, blob.path);
    await seed.line(/received peers/);
    await getBlob(agent.url, repository, blob.digest);
    const download = await agent.download(blob.digest);
    assert.equal(download?.bytesFromPeers, blob.size);
    assert.equal(download.bytesFromRegistry, 0);
    await seed.stop();
  }
});
