import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { suite, test, type TestContext } from 'node:test';
import { hasIpv6 } from '../../test/lab/ipv6.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { announceOf } from '../torrent/announce-fixture.ts';
import type { PeerAddress } from '../torrent/ids.ts';
import {
  encodeUdpAnnounce,
  encodeUdpConnect,
  parseUdpAnswer,
  type UdpAnswer,
} from '../torrent/udp-tracker.ts';
import { Tracker } from '../tracker/tracker.ts';
import { OriginAddress } from './origin-address.ts';
import { startUdpTracker, type UdpTrackerOptions } from './start-udp-tracker.ts';

async function start(
  t: TestContext,
  options: Partial<UdpTrackerOptions> & { advertised?: string },
) {
  const tracker = new Tracker({ clock: systemClock, random: Math.random });
  const udp = await startUdpTracker({
    tracker,
    host: '127.0.0.1',
    named: 0,
    httpPort: 0,
    origins: new OriginAddress(options.advertised, () => 6881),
    clock: systemClock,
    log: silentLog,
    ...options,
  });
  t.after(async () => {
    await udp?.close();
    await tracker.close();
  });
  return udp;
}

async function ask(socket: Socket, packet: Uint8Array, to: PeerAddress): Promise<UdpAnswer> {
  const family = to.host.includes(':') ? 6 : 4;
  const coming = once(socket, 'message', { signal: AbortSignal.timeout(5_000) });
  socket.send(packet, to.port, to.host);
  const [answer] = (await coming) as [Buffer];
  const parsed = parseUdpAnswer(answer, family);
  assert.ok(parsed !== undefined);
  return parsed;
}

/** The peers that a client is given which announces to `to`, as a packet of its own. */
async function peersFrom(t: TestContext, to: PeerAddress): Promise<readonly PeerAddress[]> {
  const socket = createSocket(to.host.includes(':') ? 'udp6' : 'udp4');
  t.after(() => socket.close());
  const connected = await ask(socket, encodeUdpConnect(1), to);
  assert.ok(connected.kind === 'connect');
  const packet = encodeUdpAnnounce(connected.connection, 2, announceOf(), { key: 0 });
  const answer = await ask(socket, packet, to);
  assert.ok(answer.kind === 'announce');
  return answer.response.peers;
}

suite('tracker on a UDP port', { timeout: 30_000 }, () => {
  test('a client is answered, and given the origin at the address that it came to', async (t) => {
    const bound = await start(t, {});
    assert.deepEqual(await peersFrom(t, { host: '127.0.0.1', port: bound?.port ?? 0 }), [
      { host: '127.0.0.1', port: 6881 },
    ]);
    const any = await start(t, { host: '0.0.0.0' });
    assert.deepEqual(await peersFrom(t, { host: '127.0.0.1', port: any?.port ?? 0 }), [
      { host: '127.0.0.1', port: 6881 },
    ]);
    const named = await start(t, { host: '0.0.0.0', advertised: '192.0.2.7' });
    assert.deepEqual(await peersFrom(t, { host: '127.0.0.1', port: named?.port ?? 0 }), [
      { host: '192.0.2.7', port: 6881 },
    ]);
  });

  test('one socket serves both families', { skip: !hasIpv6 }, async (t) => {
    const udp = await start(t, { host: '::' });
    const port = udp?.port ?? 0;
    assert.deepEqual(await peersFrom(t, { host: '::1', port }), [{ host: '::1', port: 6881 }]);
    assert.deepEqual(await peersFrom(t, { host: '127.0.0.1', port }), [
      { host: '127.0.0.1', port: 6881 },
    ]);
    const again = await peersFrom(t, { host: '::1', port });
    assert.deepEqual(again, [{ host: '::1', port: 6881 }]);
  });

  test('the usual port that is taken is gone without, one that was named is an error', async (t) => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const { port } = taken.address();
    assert.equal(await start(t, { named: undefined, httpPort: port }), undefined);
    await assert.rejects(start(t, { named: port }), { code: 'EADDRINUSE' });
  });
});
