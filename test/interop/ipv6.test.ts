import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeMetainfo, parseMetainfo } from '../../src/torrent/metainfo.ts';
import { needClients } from '../lab/clients.ts';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { eventually } from '../lab/eventually.ts';
import { holds } from '../lab/holds.ts';
import { hasIpv6 } from '../lab/ipv6.ts';
import { Lab } from '../lab/lab.ts';
import { loseBlob } from '../lab/lose-blob.ts';
import { getBlob, getManifest, getTorrent, pushBlob } from '../lab/oci-client.ts';
import { digestOfFile, writeRandomFile } from '../lab/random-file.ts';
import { torrentClients } from '../lab/torrent-clients.ts';

test('libtorrent and Docket give each other a blob over IPv6 alone, by HTTP and UDP trackers', async (t) => {
  if (!needClients(t, 'libtorrent')) return;
  if (!hasIpv6) return t.skip('this machine has no IPv6');
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab, { address: '::1' });
  const agent = await startAgent(lab, { registry: registry.url });
  const { libtorrent } = torrentClients;
  for (const scheme of ['http', 'udp']) {
    const blob = await writeRandomFile(join(lab.folder, scheme), 3_000_000);
    const repository = `team/${scheme}`;
    await pushBlob(registry.url, repository, '1', blob);
    const metainfo = parseMetainfo(await getTorrent(registry.url, repository, blob.digest));
    const torrent = join(lab.folder, `${scheme}.torrent`);
    const trackers = [[registry.url.replace('http', scheme) + '/announce']];
    await writeFile(torrent, encodeMetainfo(metainfo, { trackers, webSeeds: [] }));
    const job = { torrent, name: metainfo.name, listen: '[::1]:0' };
    assert.equal(await digestOfFile(await libtorrent.fetch(lab, job)), blob.digest);

    // Then the registry loses the blob, and the agent gets it from libtorrent.
    await getManifest(agent.url, repository, '1');
    await eventually('the piece hashes on the disk of the agent', () =>
      holds(agent.location, metainfo.sha1),
    );
    await loseBlob(registry.location, blob.digest);
    const seed = await libtorrent.seed(lab, job, blob.path);
    await seed.line(/received peers/);
    await getBlob(agent.url, repository, blob.digest);
    const download = await agent.download(blob.digest);
    assert.equal(download?.bytesFromPeers, blob.size);
    assert.equal(download.bytesFromRegistry, 0);
    await seed.stop();
  }
});
