import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeBitfield, encodeSimple } from '../torrent/wire.ts';
import { FakePeer, seedWith, sliceOf } from './fake-peer.ts';
import { addressOf, fastClock, noise, SwarmLab, until } from './swarm-fixtures.ts';
import type { Download } from './swarm-types.ts';

const pieceLength = 65_536;
const bytes = noise(60 * pieceLength - 99);

/** All bytes from `offset`, in order, and how many pieces were verified when the first came. */
async function readAll(
  download: Download,
  offset = 0,
  most = 100_000,
): Promise<{ read: Buffer; verifiedAtFirst: number }> {
  const parts: Uint8Array[] = [];
  let verifiedAtFirst = 0;
  for (let at = offset; at < bytes.length;) {
    const part = await download.read(at, most);
    assert.ok(part.length >= 1 && part.length <= most);
    if (at === offset) verifiedAtFirst = download.progress().piecesVerified;
    parts.push(part);
    at += part.length;
  }
  return { read: Buffer.concat(parts), verifiedAtFirst };
}

suite('read', { timeout: 60_000 }, () => {
  test('readers get the bytes in order while the download is under way', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed], { rate: 4_000_000 });
    const host = await lab.start();
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      peers: [addressOf(seeder)],
    });
    const [whole, end, small] = await Promise.all([
      readAll(download),
      readAll(download, 50 * pieceLength + 7),
      readAll(download, 58 * pieceLength, 1_000),
    ]);
    assert.deepEqual(whole.read, bytes);
    assert.deepEqual(end.read, bytes.subarray(50 * pieceLength + 7));
    assert.deepEqual(small.read, bytes.subarray(58 * pieceLength));
    // Pieces come in no order, so one of the readers may have had to wait for the very last.
    const verified = [whole, end, small].map(({ verifiedAtFirst }) => verifiedAtFirst);
    assert.ok(Math.min(...verified) < 60, 'all waited for the end');
    await download.done;
    assert.deepEqual((await readAll(download)).read, bytes);
  });

  test('a read ends with the reason of its signal, others go on', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start();
    const download = host.download(metainfo, { path: lab.path('copy') });
    const abort = new AbortController();
    const impatient = download.read(0, 10, abort.signal);
    const patient = download.read(0, 10);
    abort.abort(new Error('the reader is gone'));
    await assert.rejects(impatient, /the reader is gone/);
    await assert.rejects(download.read(0, 10, abort.signal), /the reader is gone/);
    const good = await FakePeer.dial(addressOf(host), metainfo);
    seedWith((block) => sliceOf(bytes, metainfo, block))(good);
    assert.deepEqual(await patient, bytes.subarray(0, 10));
    good.close();
  });

  test('readers are told when the download is stopped, before, during and after the file is open', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start();
    const stopped = { name: 'SwarmError', code: 'SWARM_STOPPED' };
    const early = host.download(metainfo, { path: lab.path('early') });
    const first = assert.rejects(early.read(0, 10), stopped);
    await early.stop();
    await first;
    await assert.rejects(early.read(0, 10), stopped);
    await assert.rejects(early.done, stopped);

    const late = host.download(metainfo, { path: lab.path('late') });
    const good = await FakePeer.dial(addressOf(host), metainfo);
    // It has all but the last piece.
    good.say(encodeBitfield(Buffer.from('ffffffffffffffe0', 'hex')), encodeSimple('unchoke'));
    good.onMessage = (message) => {
      if (message.type === 'request')
        good.sendBlock(message.block, sliceOf(bytes, metainfo, message.block));
    };
    const last = assert.rejects(late.read(59 * pieceLength, 10), stopped);
    assert.deepEqual(await late.read(0, 10), bytes.subarray(0, 10));
    await late.stop();
    await last;
    await assert.rejects(late.read(0, 10), stopped);
    good.close();
  });

  test('a piece that a reader waits for goes before the others', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start([], { clock: fastClock(50) });
    const download = host.download(metainfo, { path: lab.path('copy') });
    const waited = download.read(42 * pieceLength, 10);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const good = await FakePeer.dial(addressOf(host), metainfo);
    seedWith((block) => sliceOf(bytes, metainfo, block))(good);
    await waited;
    assert.equal(good.all('request')[0]?.block.piece, 42);
    await download.done;
    good.close();
  });

  test('to read nothing, or outside the blob, is the caller’s mistake', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start();
    const download = host.download(metainfo, { path: lab.path('copy') });
    for (const [offset, most] of [
      [-1, 5],
      [bytes.length, 5],
      [0, 0],
      [Number.NaN, 5],
    ] as const)
      await assert.rejects(download.read(offset, most), { code: 'ERR_ASSERTION' });
  });

  test('many readers that come and go leave nothing behind', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start();
    const download = host.download(metainfo, { path: lab.path('copy') });
    for (let turn = 0; turn < 200; turn++) {
      const signal = AbortSignal.abort(new Error('gone'));
      await assert.rejects(download.read(turn * 1_000, 10, signal), /gone/);
    }
    const abort = new AbortController();
    const reads = Array.from({ length: 200 }, (_, turn) =>
      assert.rejects(download.read(turn * 1_000, 10, abort.signal), /gone/),
    );
    await until('the file is open', () => download.progress().length > 0);
    abort.abort(new Error('gone'));
    await Promise.all(reads);
    await download.stop();
  });
});
