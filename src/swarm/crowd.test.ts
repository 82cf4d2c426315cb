import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Crowd } from './crowd.ts';

/** Adds hosts until there is no room; how many came in. */
function fill(crowd: Crowd, hostOf: (index: number) => string, most = 1_000): number {
  let added = 0;
  while (added < most && crowd.hasRoomFor(hostOf(added))) crowd.add(hostOf(added++));
  return added;
}

suite('crowd', () => {
  test('one address gets half of the places, the next half of what is left', () => {
    const crowd = new Crowd(60);
    assert.equal(
      fill(crowd, () => '10.0.0.1'),
      30,
    );
    assert.equal(
      fill(crowd, () => '10.0.0.2'),
      15,
    );
    assert.equal(
      fill(crowd, () => '10.0.0.1'),
      0,
    );
    assert.equal(crowd.size, 45);
  });

  test('however many one address holds, there is room for another', () => {
    const crowd = new Crowd(60);
    fill(crowd, () => '10.0.0.1');
    assert.equal(
      fill(crowd, (index) => `10.${index}.0.2`),
      30,
    );
    assert.equal(crowd.size, 60);
  });

  test('a network gets four fifths of the places, hosts of others the rest', () => {
    const crowd = new Crowd(100);
    assert.equal(
      fill(crowd, (index) => `10.0.0.${index}`),
      80,
    );
    assert.equal(crowd.hasRoomFor('10.0.0.200'), false);
    assert.equal(crowd.hasRoomFor('10.0.1.1'), true);
    const v6 = new Crowd(100);
    assert.equal(
      fill(v6, (index) => `fd00:0:0:1::${index + 1}`),
      80,
    );
    assert.equal(v6.hasRoomFor('fd00:0:0:1:8000::1'), false);
    assert.equal(v6.hasRoomFor('fd00:0:0:2::1'), true);
  });

  test('who leaves makes room', () => {
    const crowd = new Crowd(4);
    fill(crowd, () => '10.0.0.1');
    assert.equal(crowd.size, 2);
    crowd.remove('10.0.0.1');
    assert.equal(crowd.hasRoomFor('10.0.0.1'), true);
    crowd.remove('10.0.0.1');
    assert.equal(
      fill(crowd, (index) => `10.0.${index}.1`),
      4,
    );
  });
});
