import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { suite, test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { canonicalIp } from '../torrent/ip-address.ts';
import { OwnRoute } from './own-route.ts';

suite('own route', () => {
  test('the way to a host shows the own address, and is found once', async () => {
    const route = new OwnRoute(new ManualClock());
    assert.equal(await route.to('127.0.0.9'), '127.0.0.1');
    assert.equal(route.to('127.0.0.10'), '127.0.0.1');
    const own = Object.values(networkInterfaces()).flat();
    const address = await route.to('203.0.113.1');
    const isOwn = own.some((each) => canonicalIp(each?.address ?? '') === address);
    assert.ok(address === undefined || isOwn, `${address}`);
  });

  test('where there is no way there is no address, and it is asked for again', async () => {
    const route = new OwnRoute(new ManualClock());
    // One that may not be sent to, and one that lacks its network card.
    for (const host of ['255.255.255.255', 'fe80::1']) {
      assert.equal(await route.to(host), undefined);
      assert.ok(route.to(host) instanceof Promise);
    }
  });
});
