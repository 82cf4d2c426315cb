import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { eventually } from '../lab/eventually.ts';
import { Lab } from '../lab/lab.ts';
import { getTorrent, pull, pushBlob } from '../lab/oci-client.ts';
import { writeRandomFile } from '../lab/random-file.ts';

test('a registry that was killed after a push has it all, and seeds it again by itself', async (t) => {
  const lab = await Lab.open(t);
  const first = await startRegistry(lab);
  const blob = await writeRandomFile(join(lab.folder, 'blob'), 6_000_000);
  const pushed = await pushBlob(first.url, 'team/app', '1', blob);
  // Killed at once: what was answered with 201 has to be on the disk by then.
  await first.program.kill();

  const { port, peerPort, location } = first;
  const registry = await startRegistry(lab, { name: 'registry again', port, peerPort, location });
  assert.equal((await pull(registry.url, pushed, '1')).digest, blob.digest);
  const torrent = await getTorrent(registry.url, 'team/app', blob.digest);

  const agent = await startAgent(lab, { registry: registry.url });
  assert.equal((await pull(agent.url, pushed, '1')).digest, blob.digest);
  const download = await eventually('the download to be complete', async () => {
    const found = await agent.download(blob.digest);
    return found?.state === 'complete' && found;
  });
  assert.ok(download.bytesFromPeers > 0, 'the registry sent nothing as a peer');
  assert.ok((await registry.sent()).peers > 0);

  await registry.program.stop();
  const third = await startRegistry(lab, { name: 'registry thrice', port, peerPort, location });
  assert.deepEqual(
    Buffer.from(await getTorrent(third.url, 'team/app', blob.digest)),
    Buffer.from(torrent),
    'the torrent of a blob must stay the same',
  );
});

test('registry and agent end in order when they are asked to', async (t) => {
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab);
  const blob = await writeRandomFile(join(lab.folder, 'blob'), 1_000_000);
  const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
  const agent = await startAgent(lab, { registry: registry.url });
  await pull(agent.url, pushed, '1');
  for (const { program } of [agent, registry]) {
    assert.deepEqual(await program.stop(8_000), { code: 0, signal: null }, program.report());
    assert.equal(program.stdout.trim().split('\n').length, 1, 'standard output has one line');
  }
});
