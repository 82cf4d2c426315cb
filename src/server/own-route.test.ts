import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { OwnRoute } from './own-route.ts';

suite('own route', () => {
  test('the own address on the way to a host is known, and at hand the next time', async () => {
    const route = new OwnRoute(new ManualClock());
    assert.equal(await route.to('127.0.0.1'), '127.0.0.1');
    assert.equal(route.to('127.0.0.2'), '127.0.0.1');
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
