import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { parseMetainfo } from '../../src/torrent/metainfo.ts';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { Lab } from '../lab/lab.ts';
import { getTorrent, pull, pushBlob } from '../lab/oci-client.ts';
import { writeRandomFile } from '../lab/random-file.ts';
import { startCorruptPeer } from '../lab/wire-peer.ts';

for (const changesId of [false, true]) {
  const kind = changesId ? 'and calls itself something else each time' : 'under one name';
  // By its id it is known at once, by its address only when that has lied often enough to be no accident.
  const mostPerAgent = changesId ? 3 : 1;

  test(`a peer that sends wrong bytes ${kind} is dropped, and the pull ends right`, async (t) => {
    const lab = await Lab.open(t);
    const registry = await startRegistry(lab);
    const blob = await writeRandomFile(join(lab.folder, 'blob'), 8_000_000);
    const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
    const metainfo = parseMetainfo(await getTorrent(registry.url, 'team/app', blob.digest));
    const liar = await startCorruptPeer({
      host: '127.0.0.66',
      infoHash: metainfo.infoHash,
      pieceCount: metainfo.pieceCount,
      tracker: `${registry.url}/announce`,
      changesId,
    });
    lab.defer(() => liar[Symbol.asyncDispose]());
    const agents = await Promise.all(
      ['one', 'two'].map((name) =>
        startAgent(lab, { name, registry: registry.url, rate: 2_000_000 }),
      ),
    );

    // Looked at when the first pull ends: an agent that is whole closes connections to seeds of whatever kind.
    const droppedWhen: number[] = [];
    const bodies = await Promise.all(
      agents.map(async (agent) => {
        const body = await pull(agent.url, pushed, '1');
        droppedWhen.push(liar.dropped);
        return body;
      }),
    );
    for (const body of bodies) assert.equal(body.digest, blob.digest);
    t.diagnostic(`${liar.fooled} connections, ${liar.dropped} dropped, ${liar.blocks} blocks`);
    assert.ok(liar.fooled > 0, 'nobody asked the corrupt peer for anything');
    assert.equal(liar.dropped, liar.fooled);
    assert.ok((droppedWhen[0] ?? 0) > 0, 'it was dropped only after the pull');
    assert.ok(
      liar.fooled <= mostPerAgent * agents.length,
      `it was asked on ${liar.fooled} connections`,
    );
    const perConnection = (liar.blocks * 16_384) / liar.fooled;
    assert.ok(perConnection <= 2 * 1024 * 1024, `it sent ${perConnection} bytes each time`);
  });
}
