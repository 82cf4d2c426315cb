import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { fuzzRuns, mutated } from '../../test/mutations.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { AnnounceRequest } from '../torrent/announce.ts';
import { announceOf } from '../torrent/announce-fixture.ts';
import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import {
  encodeUdpAnnounce,
  encodeUdpConnect,
  encodeUdpScrape,
  parseUdpAnswer,
  type UdpAnswer,
} from '../torrent/udp-tracker.ts';
import { parseZone } from '../torrent/zone.ts';
import { Tracker, type TrackerOptions } from './tracker.ts';
import { UdpFace, type UdpFaceOptions } from './udp-face.ts';

const torrent = announceOf().infoHash;
const other = 'ef'.repeat(20) as InfoHash;
const origin = { host: '192.0.2.1', port: 6999 };

/** A face whose other end is the test. */
function setUp(
  t: TestContext,
  options: Partial<TrackerOptions> & Partial<Pick<UdpFaceOptions, 'originFor'>> = {},
) {
  const clock = new ManualClock();
  const tracker = new Tracker({ clock, random: seededRandom(3), ...options });
  const sent: { readonly packet: Buffer; readonly to: PeerAddress }[] = [];
  let receive = (_packet: Uint8Array, _from: PeerAddress): void => {};
  const face = new UdpFace({
    tracker,
    clock,
    key: Buffer.alloc(32, 1),
    originFor: options.originFor ?? (() => origin),
    port: {
      port: 8000,
      handle: (handler) => {
        receive = handler;
      },
      send: (packet, to) => void sent.push({ packet: Buffer.from(packet), to }),
      close: async () => {},
    },
  });
  t.after(async () => {
    await face.close();
    await tracker.close();
  });
  /** What comes back for a packet, once it is there. */
  const ask = async (packet: Uint8Array, host: string): Promise<readonly Buffer[]> => {
    sent.length = 0;
    receive(packet, { host, port: 50_000 });
    await new Promise((resolve) => void setImmediate(resolve));
    assert.ok(sent.every(({ to }) => to.host === host && to.port === 50_000));
    return sent.map((each) => each.packet);
  };
  const connect = async (host: string): Promise<Uint8Array> => {
    const [packet = Buffer.alloc(0)] = await ask(encodeUdpConnect(1), host);
    const answer = parseUdpAnswer(packet, 4);
    assert.ok(answer?.kind === 'connect' && answer.transaction === 1);
    return answer.connection;
  };
  const announce = async (
    host: string,
    change: Partial<AnnounceRequest> = {},
    family: 4 | 6 = 4,
  ): Promise<UdpAnswer | undefined> => {
    const id = await connect(host);
    const [packet] = await ask(encodeUdpAnnounce(id, 2, announceOf(change), { key: 0 }), host);
    return packet && parseUdpAnswer(packet, family);
  };
  return { clock, tracker, ask, connect, announce };
}

function hosts(answer: UdpAnswer | undefined): string[] {
  assert.ok(answer?.kind === 'announce');
  return answer.response.peers.map(({ host }) => host).toSorted();
}

suite('tracker over UDP', () => {
  test('a peer is given the others and the origin, and when to come again', async (t) => {
    const { announce } = setUp(t);
    await announce('10.0.0.1', { left: 0 });
    const answer = await announce('10.0.0.2');

    assert.deepEqual(hosts(answer), ['10.0.0.1', '192.0.2.1']);
    assert.ok(answer?.kind === 'announce');
    const { interval, complete, incomplete } = answer.response;
    assert.deepEqual([interval, complete, incomplete], [30, 2, 1]);
    const left = await announce('10.0.0.1', { event: 'stopped' });
    assert.ok(left?.kind === 'announce' && left.response.complete === 1);
  });

  test('peers over IPv6 are given those of IPv6, and IPv4 on a socket for both those of IPv4', async (t) => {
    const { announce } = setUp(t);
    await announce('2001:db8::1', {}, 6);
    await announce('::ffff:10.0.0.1');

    assert.deepEqual(hosts(await announce('2001:db8::2', {}, 6)), ['2001:db8::1']);
    assert.deepEqual(hosts(await announce('10.0.0.2')), ['10.0.0.1', '192.0.2.1']);
  });

  test('over HTTP and UDP it is one swarm, and the zone counts', async (t) => {
    const { announce, tracker } = setUp(t);
    const zone = parseZone('rack-7');
    for (let number = 1; number < 120; number++) {
      await announce(`10.0.1.${number}`, { zone });
      await tracker.introduce(announceOf(), { host: `10.0.2.${number}` });
    }
    const near = hosts(await announce('10.0.1.200', { zone }));
    assert.equal(near.filter((host) => host.startsWith('10.0.1.')).length, 25, near.join(' '));
    const far = hosts(await announce('10.0.2.200'));
    assert.ok(far.filter((host) => host.startsWith('10.0.2.')).length >= 10, far.join(' '));
  });

  test('whoever has not shown that answers reach it hears nothing but an id, not even an error', async (t) => {
    const { ask, connect } = setUp(t, { allows: () => false });
    const id = await connect('10.0.0.1');
    const wrong = Buffer.alloc(8, 9);
    for (const packet of [
      encodeUdpAnnounce(wrong, 1, announceOf(), { key: 0 }),
      encodeUdpScrape(wrong, 1, [torrent]),
      Buffer.alloc(0),
      Buffer.alloc(15),
      Buffer.alloc(1_000, 255),
      encodeUdpConnect(1).subarray(0, 15),
    ]) {
      assert.deepEqual(await ask(packet, '10.0.0.1'), []);
    }
    // An id of another host, too.
    const stolen = encodeUdpAnnounce(id, 1, announceOf(), { key: 0 });
    assert.deepEqual(await ask(stolen, '10.0.0.2'), []);
  });

  test('no packet is answered with more bytes than it has, until an id was shown', async (t) => {
    const { ask } = setUp(t);
    const packets = fc.oneof(
      mutated(fc.constant(encodeUdpConnect(7))),
      mutated(fc.constant(encodeUdpAnnounce(Buffer.alloc(8), 1, announceOf(), { key: 0 }))),
      fc.uint8Array({ maxLength: 120 }),
    );
    await fc.assert(
      fc.asyncProperty(packets, async (packet) => {
        const answers = await ask(packet, '10.0.0.1');
        const bytes = answers.reduce((sum, answer) => sum + answer.length, 0);
        assert.ok(bytes <= packet.length, `${bytes} bytes for ${packet.length}`);
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('an id holds for a while, and then a new one is needed', async (t) => {
    const { ask, connect, clock } = setUp(t);
    const id = await connect('10.0.0.1');
    const packet = encodeUdpAnnounce(id, 1, announceOf(), { key: 0 });
    clock.advance(120_000);
    assert.equal((await ask(packet, '10.0.0.1')).length, 1);
    clock.advance(120_000);
    assert.equal((await ask(packet, '10.0.0.1')).length, 0);
  });

  test('what goes wrong is answered with the reason, and nothing of what happens here', async (t) => {
    const { announce } = setUp(t, {
      allows: async (infoHash) => {
        if (infoHash === torrent) throw new Error('SQLITE_BUSY at /secret/path');
        return false;
      },
    });
    assert.deepEqual(await announce('10.0.0.1', { infoHash: other }), {
      kind: 'error',
      transaction: 2,
      message: 'this torrent is not tracked here',
    });
    assert.deepEqual(await announce('10.0.0.1'), {
      kind: 'error',
      transaction: 2,
      message: 'the tracker could not answer, try again later',
    });
  });

  test('a scrape has a place for each torrent, also for those that are not tracked', async (t) => {
    const { ask, announce, connect } = setUp(t, { allows: (infoHash) => infoHash === torrent });
    await announce('10.0.0.1');
    const id = await connect('10.0.0.2');
    const [packet = Buffer.alloc(0)] = await ask(
      encodeUdpScrape(id, 3, [other, torrent]),
      '10.0.0.2',
    );

    assert.deepEqual(parseUdpAnswer(packet, 4), {
      kind: 'scrape',
      transaction: 3,
      entries: [
        { complete: 0, incomplete: 0, downloaded: 0 },
        { complete: 1, incomplete: 1, downloaded: 0 },
      ],
    });
  });

  test('a peer to which no way is known is answered without the origin, and waits no longer than for it', async (t) => {
    const { announce } = setUp(t, { originFor: async () => undefined });
    await announce('10.0.0.1');
    assert.deepEqual(hosts(await announce('10.0.0.2')), ['10.0.0.1']);
  });
});
