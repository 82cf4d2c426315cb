import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { parseMetainfo } from '../../src/torrent/metainfo.ts';
import { startAgent, startRegistry, type AgentProcess } from '../lab/docket.ts';
import { hasIpv6 } from '../lab/ipv6.ts';
import { Lab } from '../lab/lab.ts';
import { getTorrent, pull, pushBlob, type PushedBlob } from '../lab/oci-client.ts';
import { writeRandomFile } from '../lab/random-file.ts';

const skip = hasIpv6 ? false : 'this machine has no IPv6';

async function pullsFromPeers(agent: AgentProcess, pushed: PushedBlob): Promise<void> {
  assert.equal((await pull(agent.url, pushed, '1')).digest, pushed.blob.digest);
  const download = await agent.download(pushed.blob.digest);
  assert.equal(download?.bytesFromPeers, pushed.blob.size);
  assert.equal(download.bytesFromRegistry, 0);
}

test('registry, tracker and hosts work over IPv6 alone', { skip }, async (t) => {
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab, { address: '::1' });
  assert.match(registry.url, /^http:\/\/\[::1\]:\d+$/);
  const blob = await writeRandomFile(join(lab.folder, 'blob'), 4_000_000);
  const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
  const { trackers } = parseMetainfo(await getTorrent(registry.url, 'team/app', blob.digest));
  assert.deepEqual(trackers, [[`${registry.url}/announce`]]);

  const one = await startAgent(lab, { name: 'one', registry: registry.url });
  await pullsFromPeers(one, pushed);
  const two = await startAgent(lab, { name: 'two', registry: registry.url });
  await pullsFromPeers(two, pushed);
});

test(
  'a registry on all addresses serves hosts that reach it by IPv4 and by IPv6',
  { skip },
  async (t) => {
    const lab = await Lab.open(t);
    const registry = await startRegistry(lab, { address: '::' });
    const blob = await writeRandomFile(join(lab.folder, 'blob'), 4_000_000);
    const four = `http://127.0.0.1:${registry.port}`;
    const pushed = await pushBlob(four, 'team/app', '1', blob);
    for (const [name, url] of Object.entries({ four, six: `http://[::1]:${registry.port}` })) {
      await pullsFromPeers(await startAgent(lab, { name, registry: url }), pushed);
    }
  },
);
