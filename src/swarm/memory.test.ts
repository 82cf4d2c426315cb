import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { blockLength, type Block } from '../torrent/geometry.ts';
import { createMetainfo, type Metainfo } from '../torrent/metainfo.ts';
import { encodeBlock } from '../torrent/wire.ts';
import { drawId, FakePeer, seedWith } from './fake-peer.ts';
import { addressOf, noise, SwarmLab, until } from './swarm-fixtures.ts';

const mebi = 1024 * 1024;
const pieceLength = 4 * mebi;

/** A torrent of 40 pieces of 4 MiB, whose bytes nobody has. */
function largeTorrent(number: number): Metainfo {
  return createMetainfo({
    name: `sha256-${String(number).padStart(64, '0')}`,
    length: 40 * pieceLength,
    pieceLength,
    sha1: Buffer.alloc(40 * 20, number),
  });
}

const block = noise(blockLength);

/** Peers that have everything and send only the first block of each piece that they are asked for; what they were asked. */
async function giveLittle(
  to: { readonly host: string; readonly port: number },
  metainfo: Metainfo,
  count: number,
): Promise<{ readonly peers: readonly FakePeer[]; readonly pieces: ReadonlySet<number> }> {
  const pieces = new Set<number>();
  const peers: FakePeer[] = [];
  for (let peer = 0; peer < count; peer++) {
    const giver = await FakePeer.dial(to, metainfo, { id: drawId() });
    seedWith((asked: Block) => {
      pieces.add(asked.piece);
      return asked.begin === 0 ? block : undefined;
    })(giver);
    peers.push(giver);
  }
  return { peers, pieces };
}

const held = (): number => process.memoryUsage().arrayBuffers;

suite('memory', { timeout: 60_000 }, () => {
  test('thirty peers that each send a part of large pieces do not make us hold more than the budget', async () => {
    await using lab = await SwarmLab.create();
    const leecher = await lab.start();
    const metainfo = largeTorrent(1);
    const before = held();
    const download = leecher.download(metainfo, { path: lab.path('copy') });
    const { peers, pieces } = await giveLittle(addressOf(leecher), metainfo, 29);
    await until('parts have come', () => pieces.size >= 8);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.ok(pieces.size <= 9, `${pieces.size} pieces were begun`);
    assert.ok(held() - before < 60 * mebi, `${(held() - before) / mebi} MiB`);
    await download.stop();
    for (const peer of peers) peer.close();
  });

  test('the budget is that of all torrents together, and each of them goes on all the same', async () => {
    await using lab = await SwarmLab.create();
    const leecher = await lab.start();
    const before = held();
    const all: { readonly peers: readonly FakePeer[]; readonly pieces: ReadonlySet<number> }[] = [];
    for (let torrent = 1; torrent <= 5; torrent++) {
      const metainfo = largeTorrent(torrent);
      leecher.download(metainfo, { path: lab.path(`copy-${torrent}`) });
      all.push(await giveLittle(addressOf(leecher), metainfo, 4));
    }
    await until('all have begun', () => all.every(({ pieces }) => pieces.size >= 1));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const begun = all.reduce((sum, { pieces }) => sum + pieces.size, 0);
    assert.ok(begun <= 16, `${begun} pieces were begun`);
    assert.ok(held() - before < 90 * mebi, `${(held() - before) / mebi} MiB`);
    for (const { peers } of all) for (const peer of peers) peer.close();
  });

  test('peers that ask for all and read nothing do not make us hold more than the budget', async () => {
    await using lab = await SwarmLab.create();
    const bytes = noise(24 * mebi);
    const seed = await lab.seed(bytes, mebi);
    const seeder = await lab.start([seed], { uploadSlots: 30 });
    const before = held();
    const peers: FakePeer[] = [];
    for (let count = 0; count < 29; count++) {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      peer.onMessage = ({ type }) => {
        if (type !== 'unchoke') return;
        for (let piece = 0; piece < 24; piece++)
          for (let begin = 0; begin < mebi; begin += blockLength)
            peer.say(encodeBlock('request', { piece, begin, length: blockLength }));
        peer.stopReading();
      };
      peer.say(Buffer.of(0, 0, 0, 1, 2));
      peers.push(peer);
    }
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.ok(held() - before < 100 * mebi, `${(held() - before) / mebi} MiB`);
    for (const peer of peers) peer.close();
  });
});
