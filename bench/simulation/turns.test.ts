import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomInteger, seededRandom } from '../../src/base/random.ts';
import { decideSlots } from '../../src/torrent/upload-slots.ts';
import type { SimMember } from './sim-member.ts';
import { Turns } from './turns.ts';

const slots = 4;
const grant = 100;

type Candidate = Pick<
  SimMember,
  'isUnchoked' | 'isServed' | 'isInterested' | 'peerIsInterested' | 'asked' | 'since' | 'place'
>;

test('of few candidates the same are chosen as of all', () => {
  const random = seededRandom(1);
  let changes = 0;
  for (let round = 0; round < 500; round++) {
    const turns = new Turns(slots, false);
    const members = Array.from({ length: 30 }, (_, number): SimMember => {
      const isInterested = random() < 0.7;
      const isBusy = random() < 0.15;
      const candidate: Candidate & { host: number; grant: number } = {
        isInterested,
        peerIsInterested: isInterested,
        isUnchoked: isBusy && random() < 0.5,
        isServed: isBusy && random() < 0.7,
        asked: randomInteger(random, 2) * grant,
        grant,
        since: 1000 - randomInteger(random, 500) - number / 100,
        place: 'none',
        host: number,
      };
      const member = Object.assign(candidate, {
        isForeign: false,
        group: undefined,
        idleSince: undefined,
      });
      return member as unknown as SimMember;
    });
    for (const member of members) {
      if (member.isUnchoked || member.isServed) turns.unchoked(member);
      else if (member.isInterested) turns.wants(member);
    }
    const few = decideSlots(turns.candidates(), slots, 1000);
    const all = decideSlots(members, slots, 1000);
    assert.deepEqual(new Set(few.choke), new Set(all.choke));
    assert.deepEqual(new Set(few.unchoke), new Set(all.unchoke));
    changes += few.unchoke.length;
  }
  assert.ok(changes > 500);
});
