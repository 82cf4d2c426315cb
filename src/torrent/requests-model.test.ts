import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { fuzzRuns } from '../../test/mutations.ts';
import { DrawnSwarm } from './drawn-swarm-fixture.ts';

const kinds = [
  'join',
  'leave',
  'gain',
  'ask',
  'ask',
  'ask',
  'arrive',
  'arrive',
  'arrive',
  'arrive late',
  'reject',
  'release',
  'take back',
  'web seed',
  'hurry',
  'verify',
  'verify',
  'fail',
  'wait',
] as const;

interface Step {
  readonly kind: (typeof kinds)[number];
  /** Which peer, which block, how many: each taken modulo what there is. */
  readonly who: number;
  readonly which: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  who: fc.nat(7),
  which: fc.nat(63),
});

const drawnSwarm = fc.record({
  pieces: fc.integer({ min: 1, max: 6 }),
  blocks: fc.integer({ min: 1, max: 4 }),
  peers: fc.array(fc.nat(63), { minLength: 1, maxLength: 4 }),
  steps: fc.array(step, { maxLength: 80 }),
  seed: fc.integer(),
});

function picture(bits: number, pieces: number): string {
  return Array.from({ length: pieces }, (_, piece) => ((bits >> piece) & 1 ? 'x' : '.')).join('');
}

function item<T>(items: readonly T[], index: number): T | undefined {
  return items[index % Math.max(1, items.length)];
}

function act(swarm: DrawnSwarm, { kind, who, which }: Step, newName: string): void {
  const name = item(swarm.names, who);
  if (kind === 'join') return swarm.join(newName, picture(which, swarm.pieceCount));
  if (kind === 'wait') return void (swarm.now += which * 50);
  if (kind === 'hurry') return swarm.picker.hurry(which % swarm.pieceCount);
  if (kind === 'verify' || kind === 'fail') {
    const piece = item(swarm.unverified, which);
    if (piece === undefined) return undefined;
    if (kind === 'verify') return swarm.verified(piece);
    const culprit = swarm.failed(piece);
    // Whoever alone sent a wrong piece is banned.
    if (culprit !== undefined && swarm.names.includes(culprit)) swarm.leave(culprit);
    return undefined;
  }
  if (name === undefined) return undefined;
  const owed = item(swarm.owed(name), which);
  const takenBack = item(swarm.takenBack(name), which);
  if (kind === 'leave') swarm.leave(name);
  else if (kind === 'gain') swarm.gain(name, which % swarm.pieceCount);
  else if (kind === 'ask') swarm.ask(name, 1 + (which % 6));
  else if (kind === 'arrive' && owed !== undefined) swarm.arrive(name, owed);
  else if (kind === 'arrive late' && takenBack !== undefined) swarm.arrive(name, takenBack);
  else if (kind === 'reject' && owed !== undefined) swarm.reject(name, owed);
  else if (kind === 'release') swarm.release(name);
  else if (kind === 'take back') swarm.takeBack(name);
  else if (kind === 'web seed' && swarm.peer(name).has.isFull) swarm.askRun(name, 1 + (which % 3));
  return undefined;
}

/** All that a peer owes comes, and what is whole is right. */
function deliver(swarm: DrawnSwarm, name: string): void {
  for (const block of swarm.owed(name)) {
    // It may not be owed any more, when a piece was begun again meanwhile.
    if (swarm.owed(name).includes(block)) swarm.arrive(name, block);
  }
  for (const piece of swarm.unverified) swarm.verified(piece);
}

/** A picture of the swarm after drawn events. */
function after(drawn: typeof drawnSwarm extends fc.Arbitrary<infer T> ? T : never): DrawnSwarm {
  const { pieces, blocks, seed } = drawn;
  const rows = drawn.peers.map((bits, index) => `p${index}  ${picture(bits, pieces)}`).join('\n');
  const swarm = new DrawnSwarm(rows, { blocks, seed });
  for (const [index, one] of drawn.steps.entries()) act(swarm, one, `q${index}`);
  return swarm;
}

suite('requests in drawn swarms', { timeout: 60_000 }, () => {
  test('whatever happened, one good peer brings all once those that stall are taken back from', () => {
    fc.assert(
      fc.property(drawnSwarm, (drawn) => {
        const swarm = after(drawn);
        for (const name of swarm.names) swarm.takeBack(name);
        for (const piece of swarm.unverified) swarm.verified(piece);
        swarm.join('good', 'x'.repeat(swarm.pieceCount));
        swarm.ask('good');
        deliver(swarm, 'good');
        assert.ok(swarm.isDone);
      }),
      { numRuns: fuzzRuns * 4 },
    );
  });

  test('whatever happened, one web seed brings all, though others owe blocks and send none', () => {
    fc.assert(
      fc.property(drawnSwarm, (drawn) => {
        const swarm = after(drawn);
        for (const piece of swarm.unverified) swarm.verified(piece);
        swarm.join('web', 'x'.repeat(swarm.pieceCount));
        for (let run = 0; run <= swarm.pieceCount && !swarm.isDone; run++) {
          swarm.askRun('web', 2);
          deliver(swarm, 'web');
        }
        assert.ok(swarm.isDone);
      }),
      { numRuns: fuzzRuns * 4 },
    );
  });

  test('whatever happened, peers that are asked and answer in turn bring all that they have', () => {
    fc.assert(
      fc.property(drawnSwarm, (drawn) => {
        const swarm = after(drawn);
        for (const piece of swarm.unverified) swarm.verified(piece);
        swarm.join('z', 'x'.repeat(swarm.pieceCount));
        for (let turn = 0; turn < 50 && !swarm.isDone; turn++) {
          for (const name of swarm.names) {
            swarm.ask(name, 1 + (turn % 3));
            deliver(swarm, name);
          }
          swarm.now += 1_000;
        }
        assert.ok(swarm.isDone);
      }),
      { numRuns: fuzzRuns * 4 },
    );
  });
});
