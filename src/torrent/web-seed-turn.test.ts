import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isWebSeedTurn, type SwarmHelp } from './web-seed-turn.ts';

const helped: SwarmHelp = {
  idleFor: 0,
  peers: 9,
  usefulPeers: 5,
  peersOutside: 2,
  isSearchOver: true,
  isUrgent: false,
};
const turn = (help: Partial<SwarmHelp>, chance = 0): boolean =>
  isWebSeedTurn({ ...helped, ...help }, chance);

suite('web seed turn', () => {
  test('while peers help the registry is left alone', () => {
    assert.equal(turn({}), false);
    assert.equal(turn({ idleFor: 15_000 }), false);
  });

  test('when there is no peer and none is to be found it is asked at once', () => {
    assert.equal(turn({ peers: 0, usefulPeers: 0 }), true);
  });

  test('peers that have nothing yet are given time to get something', () => {
    assert.equal(turn({ usefulPeers: 0, idleFor: 5_000 }), false);
    assert.equal(turn({ usefulPeers: 0, idleFor: 5_001 }), true);
    assert.equal(turn({ usefulPeers: 0, idleFor: 5_001 }, 0.5), false);
  });

  test('while peers are being looked for it waits a moment, and each host another', () => {
    const searching = { peers: 0, usefulPeers: 0, isSearchOver: false };
    assert.equal(turn({ ...searching, idleFor: 1_500 }), false);
    assert.equal(turn({ ...searching, idleFor: 1_501 }), true);
    assert.equal(turn({ ...searching, idleFor: 1_501 }, 0.9), false);
    assert.equal(turn({ ...searching, idleFor: 4_500 }, 0.9), true);
  });

  test('peers that have something but send nothing are borne for a while, by each host for another', () => {
    assert.equal(turn({ idleFor: 15_001 }), true);
    assert.equal(turn({ idleFor: 15_001 }, 0.5), false);
    assert.equal(turn({ idleFor: 22_501 }, 0.5), true);
  });

  test('a host whose peers all stand in its zone leaves it to those that have others, but not for ever', () => {
    const inside = { peersOutside: 0 };
    assert.equal(turn({ ...inside, idleFor: 45_000 }), false);
    assert.equal(turn({ ...inside, idleFor: 45_001 }), true);
    assert.equal(turn({ ...inside, usefulPeers: 0, idleFor: 45_000 }), false);
    assert.equal(turn({ ...inside, idleFor: 60_000 }, 0.5), false);
    assert.equal(turn({ ...inside, peers: 0, usefulPeers: 0 }), true);
  });

  test('a reader that waits for long is helped whatever the peers do', () => {
    assert.equal(turn({ isUrgent: true }), true);
  });
});
