import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { blockLength, type Block } from '../torrent/geometry.ts';
import { createMetainfo } from '../torrent/metainfo.ts';
import { drawId, FakeHost, FakePeer, seedWith, sliceOf } from './fake-peer.ts';
import { addressOf, fastClock, metainfoOf, noise, SwarmLab, until } from './swarm-fixtures.ts';

const wrong = Buffer.alloc(blockLength, 0xbd);

suite('wrong bytes', { timeout: 60_000 }, () => {
  test('a peer that sends wrong bytes is banned, and the blob ends right', async () => {
    await using lab = await SwarmLab.create();
    const bytes = noise(3_000_000);
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed], { rate: 4_000_000 });
    await using corrupt = await FakeHost.start(
      seed.metainfo,
      seedWith(({ length }) => wrong.subarray(0, length)),
    );
    const leecher = await lab.start();
    const download = leecher.download(seed.metainfo, {
      path: lab.path('copy'),
      peers: [corrupt.address, addressOf(seeder)],
    });
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    assert.equal(corrupt.peers.length, 1, 'it was dialled again');
    assert.equal(corrupt.peers[0]?.isClosed, true);
    // It may not come back by itself either.
    const back = await FakePeer.dial(addressOf(leecher), seed.metainfo, { id: corrupt.id });
    await back.dropped();
  });

  test('an address that lies again and again under other names is banned as a whole', async () => {
    await using lab = await SwarmLab.create();
    const bytes = noise(500_000);
    const seed = await lab.seed(bytes);
    const leecher = await lab.start();
    const download = leecher.download(seed.metainfo, { path: lab.path('copy') });
    for (let lie = 0; lie < 3; lie++) {
      const liar = await FakePeer.dial(addressOf(leecher), seed.metainfo, { from: '127.0.0.9' });
      seedWith(({ length }) => wrong.subarray(0, length))(liar);
      await liar.dropped();
      assert.ok(liar.all('request').length > 0);
    }
    const fourth = await FakePeer.dial(addressOf(leecher), seed.metainfo, { from: '127.0.0.9' });
    await fourth.dropped();
    assert.equal(fourth.all('extended').length, 0);
    const good = await FakePeer.dial(addressOf(leecher), seed.metainfo);
    seedWith((block) => sliceOf(bytes, seed.metainfo, block))(good);
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
  });

  test('a piece of two peers that is wrong is fetched again from one, and then it is known who lied', async () => {
    await using lab = await SwarmLab.create();
    const bytes = noise(65_536);
    const seed = await lab.seed(bytes);
    const leecher = await lab.start();
    const download = leecher.download(seed.metainfo, { path: lab.path('copy') });
    // It sends one wrong block and goes: the other can't know.
    const id = drawId();
    const liar = await FakePeer.dial(addressOf(leecher), seed.metainfo, { id });
    seedWith(({ begin, length }) => (begin === 0 ? wrong.subarray(0, length) : undefined))(liar);
    await until('the wrong block has come', () => download.progress().bytesFromPeers > 0);
    liar.close();
    const good = await FakePeer.dial(addressOf(leecher), seed.metainfo);
    seedWith((block) => sliceOf(bytes, seed.metainfo, block))(good);
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    assert.equal(good.all('request').length, 3 + 4);
    const back = await FakePeer.dial(addressOf(leecher), seed.metainfo, { id });
    await back.dropped();
    assert.equal(back.all('extended').length, 0);
    // The honest one, whose blocks stood in the wrong piece too, may come again.
    good.close();
    const again = await FakePeer.dial(addressOf(leecher), seed.metainfo, { id: good.id });
    await again.hears('haveAll');
    again.close();
  });

  test('of five that help with one piece, the one that lies is found, and no other is banned', async () => {
    await using lab = await SwarmLab.create();
    const bytes = noise(5 * blockLength);
    const seed = await lab.seed(bytes, 5 * blockLength);
    const leecher = await lab.start();
    const download = leecher.download(seed.metainfo, { path: lab.path('copy') });
    const peers: FakePeer[] = [];
    // Each sends one block, the third a wrong one, and goes.
    for (let index = 0; index < 5; index++) {
      const peer = await FakePeer.dial(addressOf(leecher), seed.metainfo);
      peers.push(peer);
      seedWith((block) => {
        if (block.begin !== index * blockLength) return undefined;
        return index === 2 ? wrong : sliceOf(bytes, seed.metainfo, block);
      })(peer);
      const came = (index + 1) * blockLength;
      await until('a block more', () => download.progress().bytesFromPeers >= came);
      peer.close();
      await until('it is gone', () => leecher.totals().peers === 0);
    }
    assert.equal(download.progress().piecesVerified, 0);
    const good = await FakePeer.dial(addressOf(leecher), seed.metainfo);
    seedWith((block) => sliceOf(bytes, seed.metainfo, block))(good);
    await download.done;
    for (const [index, { id }] of peers.entries()) {
      const back = await FakePeer.dial(addressOf(leecher), seed.metainfo, { id });
      if (index === 2) await back.dropped();
      else await back.hears('haveAll');
      back.close();
    }
  });

  test('a liar that keeps a suspect piece for itself and dribbles does not hold up the blob', async () => {
    await using lab = await SwarmLab.create();
    const bytes = noise(40 * blockLength);
    const seed = await lab.seed(bytes, 40 * blockLength);
    const leecher = await lab.start([], { clock: fastClock(20) });
    const download = leecher.download(seed.metainfo, { path: lab.path('copy') });
    const dribbler = await FakePeer.dial(addressOf(leecher), seed.metainfo);
    const owed: Block[] = [];
    seedWith((block) => void owed.push(block))(dribbler);
    // A block each four seconds by the leecher's clock: it never stalls.
    const timer = setInterval(() => {
      const block = owed.shift();
      if (block !== undefined) dribbler.sendBlock(block, wrong);
    }, 200);
    await until('it has begun', () => download.progress().bytesFromPeers > 0);
    const good = await FakePeer.dial(addressOf(leecher), seed.metainfo);
    seedWith((block) => sliceOf(bytes, seed.metainfo, block))(good);
    await download.done;
    clearInterval(timer);
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    await dribbler.dropped();
  });

  test('a torrent without SHA-256 hashes is verified by its SHA-1', async () => {
    await using lab = await SwarmLab.create();
    const bytes = noise(200_000);
    const { name, length, pieceLength, sha1 } = metainfoOf(bytes);
    const metainfo = createMetainfo({ name, length, pieceLength, sha1, sha256: undefined });
    const leecher = await lab.start();
    const download = leecher.download(metainfo, { path: lab.path('copy') });
    const liar = await FakePeer.dial(addressOf(leecher), metainfo);
    seedWith(({ length: size }) => wrong.subarray(0, size))(liar);
    await liar.dropped();
    const good = await FakePeer.dial(addressOf(leecher), metainfo);
    seedWith((block) => sliceOf(bytes, metainfo, block))(good);
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
  });

  test('a block that was not asked for, or of another length, ends the connection', async () => {
    await using lab = await SwarmLab.create();
    const bytes = noise(200_000);
    const seed = await lab.seed(bytes);
    const leecher = await lab.start();
    const download = leecher.download(seed.metainfo, { path: lab.path('copy') });
    const unasked = await FakePeer.dial(addressOf(leecher), seed.metainfo);
    await unasked.hears('haveNone');
    unasked.sendBlock({ piece: 0, begin: 0, length: blockLength }, wrong);
    await unasked.dropped();
    const short = await FakePeer.dial(addressOf(leecher), seed.metainfo);
    seedWith(() => wrong.subarray(0, 100))(short);
    await short.dropped();
    assert.equal(download.progress().bytesFromPeers, 0);
    await download.stop();
  });
});
