import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeHave, encodeSimple } from '../torrent/wire.ts';
import { FakePeer } from './fake-peer.ts';
import { addressOf, noise, SwarmLab } from './swarm-fixtures.ts';
import { createPeerId } from './peer-id.ts';

const pieceLength = 65_536;
const bytes = noise(2 * pieceLength);

suite('interest', () => {
  test('a turn at another Docket is given up when all it has is on its way from others', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes, pieceLength);
    const host = await lab.start();
    const download = host.download(metainfo, { path: lab.path('copy') });
    const first = await FakePeer.dial(addressOf(host), metainfo, { id: createPeerId() });
    first.say(encodeSimple('haveNone'), encodeHave(0), encodeSimple('unchoke'));
    await first.hears('request', 4);

    const docket = await FakePeer.dial(addressOf(host), metainfo, { id: createPeerId() });
    docket.say(encodeSimple('haveNone'), encodeHave(0), encodeSimple('unchoke'));
    const foreign = await FakePeer.dial(addressOf(host), metainfo);
    foreign.say(encodeSimple('haveNone'), encodeHave(0), encodeSimple('unchoke'));
    await foreign.hears('interested');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(docket.all('request').length + foreign.all('request').length, 0);
    assert.equal(docket.all('interested').length, docket.all('notInterested').length);
    assert.equal(foreign.all('notInterested').length, 0);

    // It gets something that nobody is asked for yet.
    docket.say(encodeHave(1));
    await docket.hears('request', 1);
    assert.equal(docket.all('interested').length, docket.all('notInterested').length + 1);
    // The first leaves: what it owed is wanted of the others.
    first.close();
    await foreign.hears('request', 1);
    for (const peer of [docket, foreign]) peer.close();
    await download.stop();
  });
});
