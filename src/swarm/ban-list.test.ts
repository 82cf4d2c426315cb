import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import type { PeerId } from '../torrent/ids.ts';
import { BanList } from './ban-list.ts';

const peer = (digit: number | string): PeerId => String(digit).padStart(40, '0') as PeerId;

suite('ban list', () => {
  test('a liar is kept out for ten minutes, others of its address are not', () => {
    const clock = new ManualClock();
    const bans = new BanList(clock);
    bans.add(peer(1), '10.0.0.1');
    assert.equal(bans.isBanned(peer(1), '10.0.0.1'), true);
    assert.equal(bans.isBanned(peer(2), '10.0.0.1'), false);
    clock.advance(599_999);
    assert.equal(bans.isBanned(peer(1), '10.0.0.1'), true);
    clock.advance(1);
    assert.equal(bans.isBanned(peer(1), '10.0.0.1'), false);
  });

  test('who lies under the id of another does not have that one kept out', () => {
    const bans = new BanList(new ManualClock());
    bans.add(peer(1), '10.0.0.1');
    assert.equal(bans.isBanned(peer(1), '10.0.0.2'), false);
  });

  test('one liar that is caught again and again does not have its whole address kept out', () => {
    const bans = new BanList(new ManualClock());
    for (let lie = 0; lie < 10; lie++) bans.add(peer(1), '10.0.0.1');
    assert.equal(bans.isBanned(peer(1), '10.0.0.1'), true);
    assert.equal(bans.isBanned(peer(2), '10.0.0.1'), false);
  });

  test('the third liar at an address keeps out the whole address', () => {
    const bans = new BanList(new ManualClock());
    for (const lie of [1, 2, 3]) {
      assert.equal(bans.isBanned(peer(9), '10.0.0.1'), false);
      bans.add(peer(lie), '10.0.0.1');
    }
    assert.equal(bans.isBanned(peer(9), '10.0.0.1'), true);
    assert.equal(bans.isBanned(peer(9), '10.0.0.2'), false);
  });

  test('lies that are long ago do not count', () => {
    const clock = new ManualClock();
    const bans = new BanList(clock);
    for (let lie = 0; lie < 5; lie++) {
      bans.add(peer(lie), '10.0.0.1');
      clock.advance(600_000);
    }
    assert.equal(bans.isBanned(peer(9), '10.0.0.1'), false);
  });

  test('many liars with new names are forgotten in time', () => {
    const clock = new ManualClock();
    const bans = new BanList(clock);
    for (let lie = 0; lie < 5_000; lie++) {
      bans.add(peer(lie), `10.0.${lie >> 8}.${lie & 255}`);
      clock.advance(1_000);
    }
    assert.ok(bans.size <= 1_300, `${bans.size} entries`);
    assert.equal(bans.isBanned(peer(4_999), `10.0.${4_999 >> 8}.${4_999 & 255}`), true);
  });
});
