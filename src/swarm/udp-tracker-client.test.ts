import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { suite, test, type TestContext } from 'node:test';
import type { AnnounceResponse } from '../torrent/announce.ts';
import { announceOf } from '../torrent/announce-fixture.ts';
import type { InfoHash } from '../torrent/ids.ts';
import {
  encodeUdpAnnounceAnswer,
  encodeUdpConnectAnswer,
  encodeUdpError,
  parseUdpRequest,
  type UdpRequest,
} from '../torrent/udp-tracker.ts';
import { systemClock } from '../base/clock.ts';
import { fastClock } from './swarm-fixtures.ts';
import { udpDatagrams } from './udp-datagrams.ts';
import { UdpTrackerClient } from './udp-tracker-client.ts';

const announce = announceOf({
  // Bytes of all kinds in the query.
  infoHash: '00ff2526417e20'.padEnd(40, 'd3') as InfoHash,
  uploaded: 1,
  downloaded: 2,
  left: 3,
  event: 'started',
  numWant: 40,
});
const answer: AnnounceResponse = {
  interval: 30,
  minInterval: undefined,
  complete: 1,
  incomplete: 2,
  peers: [{ host: '10.0.0.1', port: 6881 }],
};

/** The number that the scripted tracker knows a client by, until it is restarted. */
let connection = Buffer.from('0123456789abcdef', 'hex');

type Behaviour = (
  request: UdpRequest,
  reply: (packet: Uint8Array) => void,
  packet: Buffer,
  from: RemoteInfo,
) => void;

const proper: Behaviour = (request, reply) => {
  const { transaction } = request;
  if (request.kind === 'connect') reply(encodeUdpConnectAnswer(transaction, connection));
  else if (!connection.equals(request.connection)) reply(encodeUdpError(transaction, 'who?'));
  else reply(encodeUdpAnnounceAnswer(transaction, answer, 4));
};

/** A tracker on a free port that behaves as told, and a client whose clock is so many times faster. */
async function setUp(
  t: TestContext,
  behave: Behaviour = proper,
  { factor = 1, host = '127.0.0.1', clock = fastClock(factor) } = {},
): Promise<{ client: UdpTrackerClient; url: string; heard: UdpRequest[] }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const heard: UdpRequest[] = [];
  socket.on('message', (packet, from) => {
    const request = parseUdpRequest(packet);
    assert.ok(request !== undefined);
    heard.push(request);
    behave(request, (bytes) => socket.send(bytes, from.port, from.address), packet, from);
  });
  socket.bind(0, host);
  await once(socket, 'listening');
  const client = new UdpTrackerClient({ clock, random: Math.random, datagrams: udpDatagrams });
  t.after(async () => {
    await client.close();
    socket.close();
  });
  const name = host.includes(':') ? `[${host}]` : host;
  return { client, url: `udp://${name}:${socket.address().port}/announce`, heard };
}

const kinds = (heard: readonly UdpRequest[]): string[] => heard.map(({ kind }) => kind);

suite('UDP tracker client', { timeout: 20_000 }, () => {
  test('an announce reaches the tracker as it was meant, and its answer comes back', async (t) => {
    const { client, url, heard } = await setUp(t);
    assert.deepEqual(await client.announce(url, announce), answer);
    const [, told] = heard;
    assert.ok(told?.kind === 'announce');
    assert.deepEqual(told.announce, announce);
  });

  test("the path and query of the tracker's URL are told to it, a key for example", async (t) => {
    let url41 = '';
    const { client, url } = await setUp(t, (request, reply, packet, from) => {
      if (request.kind === 'announce') url41 = packet.toString('latin1', 98);
      proper(request, reply, packet, from);
    });
    await client.announce(`${url}?key=secret`, announce);
    assert.match(url41, /\/announce\?key=secret/);
  });

  test('over IPv6 the peers of the answer are IPv6 peers', async (t) => {
    const six = { ...answer, peers: [{ host: 'fd00::7', port: 6881 }] };
    const { client, url } = await setUp(
      t,
      ({ kind, transaction }, reply) => {
        if (kind === 'connect') reply(encodeUdpConnectAnswer(transaction, connection));
        else reply(encodeUdpAnnounceAnswer(transaction, six, 6));
      },
      { host: '::1' },
    );
    assert.deepEqual(await client.announce(url, announce), six);
  });

  test('it connects once for the announces of a minute, and then anew', async (t) => {
    const clock = { ...systemClock, now: () => systemClock.now() + later };
    let later = 0;
    const { client, url, heard } = await setUp(t, proper, { clock });
    await Promise.all([client.announce(url, announce), client.announce(url, announce)]);
    await client.announce(url, announce);
    assert.deepEqual(kinds(heard), ['connect', 'announce', 'announce', 'announce']);
    later = 60_000;
    await client.announce(url, announce);
    assert.deepEqual(kinds(heard).slice(4), ['connect', 'announce']);
  });

  test('what is lost on the way is sent again within seconds', async (t) => {
    let losses = 2;
    const { client, url, heard } = await setUp(
      t,
      (request, reply, packet, from) => {
        if (losses-- > 0) return;
        proper(request, reply, packet, from);
      },
      { factor: 20 },
    );
    const begun = performance.now();
    assert.deepEqual(await client.announce(url, announce), answer);
    assert.ok(performance.now() - begun < 1_000);
    assert.equal(heard.length, 4);
  });

  test('a silent tracker is given up after a quarter of a minute', async (t) => {
    const { client, url, heard } = await setUp(t, () => {}, { factor: 100 });
    const begun = performance.now();
    await assert.rejects(client.announce(url, announce), { code: 'TRACKER_TIMEOUT' });
    assert.ok(performance.now() - begun > 140);
    assert.deepEqual(kinds(heard), ['connect', 'connect', 'connect', 'connect']);
  });

  test('a tracker that was restarted is connected to again, whether it complains or says nothing', async (t) => {
    for (const complains of [true, false]) {
      const { client, url } = await setUp(
        t,
        (request, reply, packet, from) => {
          const isOld = request.kind === 'announce' && !connection.equals(request.connection);
          if (complains || !isOld) proper(request, reply, packet, from);
        },
        { factor: 20 },
      );
      await client.announce(url, announce);
      connection = Buffer.from(connection).reverse();
      assert.deepEqual(await client.announce(url, announce), answer);
    }
  });

  test('an error of the tracker is a refusal that carries its words', async (t) => {
    const { client, url } = await setUp(t, ({ kind, transaction }, reply) => {
      if (kind === 'connect') reply(encodeUdpConnectAnswer(transaction, connection));
      else reply(encodeUdpError(transaction, 'not on my list'));
    });
    await assert.rejects(client.announce(url, announce), {
      code: 'TRACKER_REFUSED',
      message: 'not on my list',
    });
  });

  test('answers of others, and to what was not asked, are ignored', async (t) => {
    const stranger = createSocket('udp4');
    stranger.bind(0, '127.0.0.1');
    await once(stranger, 'listening');
    t.after(() => stranger.close());
    const forged = { ...answer, peers: [{ host: '6.6.6.6', port: 666 }] };
    const { client, url } = await setUp(t, (request, reply, packet, from) => {
      const { transaction } = request;
      const lie = encodeUdpAnnounceAnswer(transaction, forged, 4);
      stranger.send(lie, from.port, from.address);
      reply(Buffer.from('garbage'));
      reply(encodeUdpAnnounceAnswer((transaction + 1) % 2 ** 32, forged, 4));
      setTimeout(() => proper(request, reply, packet, from), 30);
    });
    assert.deepEqual(await client.announce(url, announce), answer);
  });

  test('a tracker that is not there is known at once', async (t) => {
    const { client } = await setUp(t);
    const begun = performance.now();
    await assert.rejects(client.announce('udp://127.0.0.1:9/announce', announce), {
      code: 'TRACKER_UNREACHABLE',
      message: /ECONNREFUSED/,
    });
    assert.ok(performance.now() - begun < 900);
    await assert.rejects(client.announce('udp://tracker.invalid:9/announce', announce), {
      code: 'TRACKER_UNREACHABLE',
    });
  });

  test('a tracker that there is no way to is unreachable each time that it is asked', async (t) => {
    const { client } = await setUp(t);
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(client.announce('udp://255.255.255.255:9/announce', announce), {
        code: 'TRACKER_UNREACHABLE',
        message: /EACCES|ENETUNREACH/,
      });
    }
  });

  test('a caller that has enough ends an announce, and closing ends all', async (t) => {
    const { client, url } = await setUp(t, () => {});
    const controller = new AbortController();
    const reason = new Error('enough');
    const ended = assert.rejects(client.announce(url, announce, controller.signal), reason);
    const closed = assert.rejects(client.announce(url, announce), { code: 'TRACKER_UNREACHABLE' });
    controller.abort(reason);
    await ended;
    await client.close();
    await closed;
  });

  test('it takes no other kind of URL, and one torrent at a time', async (t) => {
    const { client, url } = await setUp(t);
    for (const wrong of ['http://127.0.0.1:1/announce', 'udp://127.0.0.1/announce', 'tracker']) {
      await assert.rejects(client.announce(wrong, announce), { code: 'TRACKER_URL_INVALID' });
    }
    await assert.rejects(client.announceBatch(url), { code: 'TRACKER_WITHOUT_BATCHES' });
  });
});
