import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { crossingId, encodeCrossing, type Crossing } from '../torrent/crossing.ts';
import { encodeExtensionHandshake } from '../torrent/extension-handshake.ts';
import { peerIdOf, type PeerId } from '../torrent/ids.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { encodeExtended, encodeHave, encodeSimple } from '../torrent/wire.ts';
import { parseZone } from '../torrent/zone.ts';
import { FakePeer } from './fake-peer.ts';
import { addressOf, fastClock, noise, SwarmLab, until } from './swarm-fixtures.ts';
import type { Swarm } from './swarm-types.ts';
import { createPeerId } from './peer-id.ts';

const pieceLength = 65_536;
const zone = parseZone('rack-7');

async function setUp(lab: SwarmLab, factor = 1): Promise<{ host: Swarm; metainfo: Metainfo }> {
  const { metainfo } = await lab.seed(noise(3 * pieceLength), pieceLength);
  const host = await lab.start([], { zone, clock: fastClock(factor) });
  const download = host.download(metainfo, { path: lab.path('copy') });
  lab.defer(() => download.stop());
  return { host, metainfo };
}

/** A Docket that has these pieces and gives whoever asks a turn. */
function join(
  there: Awaited<ReturnType<typeof setUp>>,
  isMate: boolean,
  ...pieces: readonly number[]
): Promise<FakePeer> {
  return joinAs(createPeerId(), there, isMate, pieces);
}

async function joinAs(
  id: PeerId,
  { host, metainfo }: Awaited<ReturnType<typeof setUp>>,
  isMate: boolean,
  pieces: readonly number[] = [],
): Promise<FakePeer> {
  const peer = await FakePeer.dial(addressOf(host), metainfo, { id });
  const handshake = encodeExtensionHandshake({
    client: 'Docket',
    port: undefined,
    requestLimit: 512,
    isUploadOnly: false,
    longestBlock: undefined,
    reveals: false,
    zone: isMate ? zone : parseZone('rack-8'),
    crossingId: isMate ? crossingId : undefined,
  });
  peer.say(encodeExtended(0, handshake), encodeSimple('haveNone'), ...pieces.map(encodeHave));
  peer.say(encodeSimple('unchoke'));
  await peer.hears('extended');
  return peer;
}

function tells({ begun = [], over = [] }: Partial<Crossing>): Uint8Array {
  return encodeExtended(crossingId, encodeCrossing({ begun, over }));
}

function asked(peer: FakePeer): readonly number[] {
  return [...new Set(peer.all('request').map(({ block }) => block.piece))];
}

const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));

suite('a host in a zone', () => {
  test('asks outside only for what no other of its zone has or fetches, until it fetches that no more', async () => {
    await using lab = await SwarmLab.create();
    const there = await setUp(lab);
    const mate = await join(there, true, 0);
    mate.say(encodeSimple('choke'), tells({ begun: [1] }));
    await moment();
    const far = await join(there, false, 0, 1, 2);
    await until('it asks for the third piece', () => asked(far).length > 0);
    const second = await join(there, false, 0, 1);
    await moment();
    assert.deepEqual([asked(far), asked(second)], [[2], []]);
    mate.say(tells({ over: [1] }));
    await until('it asks for the second piece', () => asked(second).length > 0);
    const third = await join(there, false, 0);
    await moment();
    assert.deepEqual([asked(second), asked(third)], [[1], []]);
    mate.close();
    await until('it asks for the first piece', () => asked(third).length > 0);
    for (const peer of [far, second, third]) peer.close();
  });

  test('tells its zone what it fetches, and nobody else', async () => {
    await using lab = await SwarmLab.create();
    const there = await setUp(lab);
    const [mate, other] = [await join(there, true), await join(there, false)];
    const far = await join(there, false, 1);
    await until('it asks for the piece', () => asked(far).length > 0);
    await until('it says so', () => mate.all('extended').length > 1);
    assert.equal(other.all('extended').length, 1);
    assert.equal(far.all('extended').length, 1);
    for (const peer of [mate, other, far]) peer.close();
  });

  test('leaves a piece to one with a smaller id who began to fetch it too', async () => {
    await using lab = await SwarmLab.create();
    const there = await setUp(lab);
    const far = await join(there, false, 1);
    await until('it asks for the piece', () => asked(far).length > 0);
    const smallest = Buffer.from(createPeerId(), 'hex').fill(0, 8);
    const mate = await joinAs(peerIdOf(smallest), there, true);
    mate.say(tells({ begun: [1] }));
    await until('it leaves the piece', () => far.all('cancel').length > 0);
    for (const peer of [far, mate]) peer.close();
  });

  test('waits for nobody who only says that it fetches', async () => {
    await using lab = await SwarmLab.create();
    const there = await setUp(lab, 40);
    const mate = await join(there, true);
    mate.say(tells({ begun: [1] }));
    await moment();
    const far = await join(there, false, 1);
    await until('it asks for the piece all the same', () => asked(far).length > 0);
    for (const peer of [mate, far]) peer.close();
  });

  test('drops who fetches what does not exist', async () => {
    await using lab = await SwarmLab.create();
    const there = await setUp(lab);
    for (const payload of [encodeCrossing({ begun: [3], over: [] }), Buffer.alloc(5)]) {
      const mate = await join(there, true);
      mate.say(encodeExtended(crossingId, payload));
      await mate.dropped();
    }
  });
});
