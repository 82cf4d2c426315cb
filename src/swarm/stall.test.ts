import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { encodeBlock, encodeSimple } from '../torrent/wire.ts';
import { FakePeer, seedWith, sliceOf } from './fake-peer.ts';
import { addressOf, fastClock, noise, SwarmLab, until } from './swarm-fixtures.ts';

const pieceLength = 65_536;
const bytes = noise(20 * pieceLength);

suite('a peer that does not give', { timeout: 60_000 }, () => {
  test('and owes blocks is passed over, told so, and may help again later', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start([], { clock: fastClock(20) });
    const download = host.download(metainfo, { path: lab.path('copy') });
    let isAsleep = true;
    const stalling = await FakePeer.dial(addressOf(host), metainfo);
    seedWith((block) => (isAsleep ? undefined : sliceOf(bytes, metainfo, block)))(stalling);
    await stalling.hears('request', 4);
    const owed = stalling.all('request').length;
    // Taken back after eight seconds: it is told that nothing of that is wanted any more.
    await stalling.hears('cancel', owed);
    assert.equal(stalling.all('request').length, owed);
    isAsleep = false;
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    stalling.close();
  });

  test('leaves what it owes to others', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start([], { clock: fastClock(20) });
    const download = host.download(metainfo, { path: lab.path('copy') });
    const stalling = await FakePeer.dial(addressOf(host), metainfo);
    seedWith(() => undefined)(stalling);
    await stalling.hears('request', 4);
    const good = await FakePeer.dial(addressOf(host), metainfo);
    seedWith((block) => sliceOf(bytes, metainfo, block))(good);
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    assert.equal(download.progress().bytesFromPeers, bytes.length);
    stalling.close();
    good.close();
  });

  test('but sends after all what was taken back: that is as good', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start([], { clock: fastClock(20) });
    const download = host.download(metainfo, { path: lab.path('copy') });
    const slow = await FakePeer.dial(addressOf(host), metainfo);
    seedWith(() => undefined)(slow);
    await slow.hears('cancel', 4);
    for (const { block } of slow.all('request'))
      slow.sendBlock(block, sliceOf(bytes, metainfo, block));
    await until('it is taken', () => download.progress().piecesVerified >= 1);
    assert.equal(slow.isClosed, false);
    slow.close();
    await download.stop();
  });

  test('and rejects all it is asked is asked again later, not at once', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start([], { clock: fastClock(10) });
    const download = host.download(metainfo, { path: lab.path('copy') });
    let rejects = 0;
    const unwilling = await FakePeer.dial(addressOf(host), metainfo);
    unwilling.say(encodeSimple('haveAll'));
    unwilling.onMessage = (message) => {
      if (message.type === 'interested') unwilling.say(encodeSimple('unchoke'));
      if (message.type !== 'request') return;
      if (rejects < 30) unwilling.say(encodeBlock('reject', message.block));
      else unwilling.sendBlock(message.block, sliceOf(bytes, metainfo, message.block));
      rejects++;
    };
    const begun = performance.now();
    // What is asked of it at first is more than half of them.
    await until('some were rejected', () => rejects > 20);
    assert.ok(performance.now() - begun > 50, 'it was asked again at once');
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    unwilling.close();
  });

  test('and chokes us with half a piece sent leaves the rest to others, and takes its turn again', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start();
    const download = host.download(metainfo, { path: lab.path('copy') });
    let sent = 0;
    const moody = await FakePeer.dial(addressOf(host), metainfo);
    moody.say(encodeSimple('haveAll'), encodeSimple('unchoke'));
    moody.onMessage = (message) => {
      if (message.type !== 'request') return;
      if (sent % 7 < 6) moody.sendBlock(message.block, sliceOf(bytes, metainfo, message.block));
      else {
        moody.say(encodeSimple('choke'), encodeBlock('reject', message.block));
        setTimeout(() => moody.say(encodeSimple('unchoke')), 5);
      }
      sent++;
    };
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    moody.close();
  });

  test('anything for two minutes, with no other: the download fails as stalled', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start([], { clock: fastClock(200) });
    const begun = performance.now();
    const download = host.download(metainfo, { path: lab.path('copy') });
    const reader = download.read(0, 10);
    await assert.rejects(download.done, { name: 'SwarmError', code: 'SWARM_STALLED' });
    await assert.rejects(reader, { code: 'SWARM_STALLED' });
    const seconds = (performance.now() - begun) / 5;
    assert.ok(seconds > 115 && seconds < 1_000, `${seconds} s`);
    await until('it is forgotten', () => host.find(metainfo.infoHash) === undefined);
    await download.stop();
  });
});
