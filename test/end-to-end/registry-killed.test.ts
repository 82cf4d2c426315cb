import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { eventually } from '../lab/eventually.ts';
import { Lab } from '../lab/lab.ts';
import { getTorrent, pull, pushBlob } from '../lab/oci-client.ts';
import { writeRandomFile } from '../lab/random-file.ts';
import { watchSwarm } from '../lab/swarm-union.ts';

test('hosts that together hold all pieces finish when the registry is killed', async (t) => {
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab);
  const blob = await writeRandomFile(join(lab.folder, 'blob'), 12_000_000);
  const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
  const torrent = await getTorrent(registry.url, 'team/app', blob.digest);
  // Slow enough that, once the hosts together have everything, each still lacks a lot.
  const agents = await Promise.all(
    ['one', 'two', 'three'].map((name) =>
      startAgent(lab, { name, registry: registry.url, rate: 1_500_000 }),
    ),
  );

  const pulls = agents.map((agent) => pull(agent.url, pushed, '1'));
  const early = Promise.allSettled(pulls);
  const swarm = await watchSwarm(lab, torrent, agents);
  const { pieceCount } = swarm.metainfo;
  await eventually(
    'the hosts to have all pieces between them',
    () => {
      const whole = swarm.counts().filter((count) => count === pieceCount).length;
      assert.equal(whole, 0, 'a host was whole before the hosts together had everything');
      return swarm.union() === pieceCount;
    },
    { every: 5, details: () => `; they had ${swarm.counts().join(', ')} of ${pieceCount}` },
  );
  await registry.program.kill();
  t.diagnostic(`the registry died when they had ${swarm.counts().join(', ')} of ${pieceCount}`);

  await early;
  for (const body of await Promise.all(pulls)) {
    assert.equal(body.digest, blob.digest);
  }
  for (const agent of agents) {
    const download = await eventually('the download to be complete', async () => {
      const found = await agent.download(blob.digest);
      return found?.state === 'complete' && found;
    });
    assert.equal(download.piecesVerified, pieceCount);
  }
});
