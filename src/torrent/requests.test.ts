import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DrawnSwarm } from './drawn-swarm-fixture.ts';
import { blockLength } from './geometry.ts';

suite('requests', () => {
  test('each peer is given whole pieces of its own', () => {
    const swarm = new DrawnSwarm(`
      a  x x x
      b  x x x
    `);
    assert.equal(swarm.ask('a', 1), '0.0');
    assert.equal(swarm.ask('b', 3), '1.0 1.1 2.0');
    assert.equal(swarm.ask('a', 1), '0.1');
  });

  test('a piece that has come and is right is never asked for again', () => {
    const swarm = new DrawnSwarm('a  x x');
    swarm.ask('a', 2);
    assert.equal(swarm.arrive('a', '0.0'), 'wanted');
    assert.equal(swarm.arrive('a', '0.1'), 'complete');
    swarm.verified(0);
    assert.equal(swarm.ask('a'), '1.0 1.1');
  });

  test('what one leaves half done another finishes, without what has come', () => {
    const swarm = new DrawnSwarm(
      `
      a  x x
      b  x x
    `,
      { blocks: 3 },
    );
    swarm.ask('a', 2);
    swarm.arrive('a', '0.0');
    swarm.leave('a');
    assert.equal(swarm.ask('b', 3), '0.1 0.2 1.0');
  });

  test('a piece of which nothing came is open again when its source leaves', () => {
    const swarm = new DrawnSwarm(`
      a  x .
      b  x x
    `);
    swarm.ask('a');
    swarm.leave('a');
    assert.equal(swarm.picker.openCount, 2);
  });

  test('a peer that chokes us but answers what it was asked (BEP 6) is not asked twice', () => {
    const swarm = new DrawnSwarm(`
      a  x
      b  x
    `);
    swarm.ask('a', 1);
    swarm.release('a');
    assert.equal(swarm.ask('b'), '0.1');
    assert.equal(swarm.arrive('a', '0.0'), 'wanted');
    assert.equal(swarm.arrive('b', '0.1'), 'complete');
  });

  test('a peer that chokes us and then rejects all it owes leaves its piece to others', () => {
    const swarm = new DrawnSwarm(`
      a  x x
      b  x x
    `);
    swarm.ask('a', 2);
    swarm.arrive('a', '0.0');
    swarm.release('a');
    swarm.reject('a', '0.1');
    assert.equal(swarm.ask('b', 1), '0.1');
  });

  test('a reject of what was never asked, or of no block, changes nothing', () => {
    const swarm = new DrawnSwarm('a  x x');
    swarm.ask('a');
    const peer = swarm.peer('a');
    for (const block of [
      { piece: 9, begin: 0, length: blockLength },
      // Would be the first block of the next piece if it were counted on.
      { piece: 0, begin: 2 * blockLength, length: blockLength },
      { piece: 0, begin: 5, length: blockLength },
      { piece: 0, begin: 0, length: 5 },
    ])
      assert.equal(swarm.requests.rejected(peer, block), false);
    assert.equal(swarm.requests.outstanding(peer), 4);
    assert.equal(swarm.requests.rejected({ ...peer }, swarm.block('0.0')), false);
  });

  test('a block that nobody asked for, or of another length, is unasked', () => {
    const swarm = new DrawnSwarm('a  x x');
    swarm.ask('a', 3);
    const peer = swarm.peer('a');
    for (const block of [
      swarm.block('1.1'),
      { ...swarm.block('0.0'), length: 5 },
      { ...swarm.block('0.0'), begin: 1 },
      { piece: 0, begin: 2 * blockLength, length: blockLength },
      { piece: 4_294_967_295, begin: 0, length: blockLength },
    ])
      assert.equal(swarm.requests.arrived(peer, block, 0).kind, 'unasked');
    swarm.arrive('a', '0.0');
    assert.equal(swarm.arrive('a', '0.0'), 'unasked');
  });

  test('what was taken back and comes all the same is as good', () => {
    const swarm = new DrawnSwarm(`
      a  x
      b  x
    `);
    swarm.ask('a');
    assert.equal(swarm.takeBack('a'), '0.0 0.1');
    assert.equal(swarm.ask('b', 1), '0.0');
    assert.equal(swarm.arrive('a', '0.0'), 'wanted, cancel b');
    assert.equal(swarm.arrive('a', '0.1'), 'complete');
    assert.equal(swarm.arrive('b', '0.0'), 'late');
  });

  test('a peer that was taken back from may be asked again, and may send twice', () => {
    const swarm = new DrawnSwarm('a  x');
    swarm.ask('a', 1);
    swarm.takeBack('a');
    assert.equal(swarm.ask('a', 1), '0.0');
    assert.equal(swarm.arrive('a', '0.0'), 'wanted');
    assert.equal(swarm.arrive('a', '0.0'), 'late');
    assert.equal(swarm.arrive('a', '0.0'), 'unasked');
  });

  test('who refuses what was taken back, as BEP 6 wants, does not refuse what it was asked for since', () => {
    const swarm = new DrawnSwarm('a  x');
    for (let time = 0; time < 2; time++) {
      assert.equal(swarm.ask('a'), '0.0 0.1');
      swarm.takeBack('a');
    }
    assert.equal(swarm.ask('a'), '0.0 0.1');
    swarm.reject('a', '0.0 0.1 0.0 0.1');
    assert.equal(swarm.ask('a'), '');
    assert.equal(swarm.arrive('a', '0.0'), 'wanted');
    swarm.reject('a', '0.1');
    assert.equal(swarm.ask('a'), '0.1');
  });

  test('when nothing is left to begin a slow piece is asked of a second source, from its end', () => {
    const swarm = new DrawnSwarm(
      `
      a  x
      b  x
      c  x
    `,
      { blocks: 3 },
    );
    swarm.ask('a');
    assert.equal(swarm.ask('b'), '');
    swarm.now = 501;
    assert.equal(swarm.ask('b'), '0.2 0.1 0.0');
    assert.equal(swarm.ask('c'), '');
    assert.equal(swarm.arrive('a', '0.0'), 'wanted, cancel b');
    assert.equal(swarm.arrive('b', '0.2'), 'wanted, cancel a');
    assert.equal(swarm.arrive('b', '0.1'), 'complete, cancel a');
  });

  test('slow is slow as compared with the usual', () => {
    const swarm = new DrawnSwarm(
      `
      a  x x x
      b  x x x
    `,
      { blocks: 1 },
    );
    const [ofA, ofB] = [swarm.ask('a', 1), swarm.ask('b', 1)];
    swarm.now = 1_000;
    swarm.arrive('a', ofA);
    swarm.arrive('b', ofB);
    for (const piece of swarm.unverified) swarm.verified(piece);
    const last = swarm.ask('a');
    swarm.now += 4_000;
    assert.equal(swarm.ask('b'), '');
    swarm.now += 1;
    assert.equal(swarm.ask('b'), last);
  });

  test('a few slow pieces do not make slowness usual', () => {
    const swarm = new DrawnSwarm(
      `
      a  x x x x
      b  x x x x
    `,
      { blocks: 1 },
    );
    for (const [name, took] of [
      ['a', 100],
      ['a', 8_000],
      ['b', 100],
    ] as const) {
      const block = swarm.ask(name, 1);
      swarm.now += took;
      swarm.arrive(name, block);
      for (const piece of swarm.unverified) swarm.verified(piece);
    }
    const last = swarm.ask('a', 1);
    swarm.now += 2_500;
    assert.equal(swarm.ask('b'), last);
  });

  test('a slow piece has more sources in time, and who never sent anything is asked last', () => {
    const swarm = new DrawnSwarm(
      `
      a  x .
      b  . x
      c  . x
      d  . x
    `,
      { blocks: 1 },
    );
    swarm.ask('a', 1);
    swarm.arrive('a', '0.0');
    swarm.verified(0);
    swarm.ask('b', 1);
    swarm.now = 501;
    assert.equal(swarm.ask('c'), '', 'nobody knows it');
    assert.equal(swarm.ask('a'), '');
    swarm.gain('a', 1);
    assert.equal(swarm.ask('a'), '1.0');
    assert.equal(swarm.ask('c'), '');
    swarm.now = 1_001;
    assert.equal(swarm.ask('c'), '', 'two are at it');
    swarm.now = 1_501;
    assert.equal(swarm.ask('c'), '1.0');
    assert.equal(swarm.ask('d'), '');
  });

  test('a piece that a reader waits for is asked of a second source even while others are open', () => {
    const swarm = new DrawnSwarm(`
      a  x x x
      b  x x x
    `);
    swarm.ask('a', 2);
    assert.equal(swarm.ask('b', 1), '1.0');
    swarm.picker.hurry(0);
    assert.equal(swarm.ask('b', 4), '1.1 0.1 0.0 2.0');
  });

  test('a wrong piece of one sender has a culprit, one of several has none but one sender next', () => {
    const swarm = new DrawnSwarm(`
      a  x
      b  x
    `);
    swarm.ask('a');
    swarm.arrive('a', '0.0 0.1');
    assert.equal(swarm.failed(0), 'a');
    swarm.ask('a', 1);
    swarm.arrive('a', '0.0');
    swarm.takeBack('a');
    assert.equal(swarm.ask('b'), '0.1');
    swarm.arrive('b', '0.1');
    assert.equal(swarm.failed(0), undefined);
    swarm.ask('a', 1);
    swarm.arrive('a', '0.0');
    swarm.takeBack('a');
    assert.equal(swarm.ask('b'), '0.0 0.1');
    swarm.arrive('b', '0.0 0.1');
    assert.equal(swarm.failed(0), 'b');
  });

  test('what others still owe of a suspect piece is cancelled, and does not count when it comes', () => {
    const swarm = new DrawnSwarm(`
      a  x
      b  x
    `);
    swarm.ask('a', 1);
    swarm.release('a');
    swarm.ask('b');
    swarm.arrive('a', '0.0');
    swarm.arrive('b', '0.1');
    assert.equal(swarm.failed(0), undefined);
    swarm.ask('a', 1);
    swarm.release('a');
    assert.equal(swarm.ask('b'), '0.0 0.1');
    assert.deepEqual(swarm.cancelled, ['a 0.0']);
    assert.equal(swarm.arrive('a', '0.0'), 'late');
    swarm.arrive('b', '0.0 0.1');
    assert.equal(swarm.failed(0), 'b');
  });

  test('whoever has a suspect piece may be needed for it, though one is at it', () => {
    const swarm = new DrawnSwarm(`
      a  x
      b  x
      c  x
      d  .
    `);
    const mayNeed = (name: string): boolean => swarm.requests.mayNeed(swarm.peer(name).has);
    swarm.ask('a', 1);
    swarm.release('a');
    swarm.ask('b');
    swarm.arrive('a', '0.0');
    swarm.arrive('b', '0.1');
    assert.equal(mayNeed('c'), false);
    assert.equal(swarm.failed(0), undefined);
    assert.equal(mayNeed('c'), true);
    swarm.ask('a');
    assert.equal(swarm.ask('c'), '');
    assert.deepEqual(['c', 'd'].map(mayNeed), [true, false]);
    swarm.arrive('a', '0.0 0.1');
    assert.equal(mayNeed('c'), false);
  });

  test('two sources of a slow piece, of whom one leaves: nothing is lost', () => {
    for (const gone of ['a', 'b']) {
      const swarm = new DrawnSwarm(`
        a  x
        b  x
      `);
      swarm.ask('a');
      swarm.now = 501;
      swarm.ask('b');
      swarm.leave(gone);
      const stays = gone === 'a' ? 'b' : 'a';
      swarm.arrive(stays, '0.0');
      assert.equal(swarm.arrive(stays, '0.1'), 'complete');
    }
  });

  test('a second source that is choked is no owner when the first leaves', () => {
    const swarm = new DrawnSwarm(`
      a  x
      b  x
      c  x
    `);
    swarm.ask('a');
    swarm.now = 501;
    swarm.ask('b');
    swarm.release('b');
    swarm.reject('b', '0.0 0.1');
    swarm.leave('a');
    assert.equal(swarm.ask('c'), '0.0 0.1');
  });

  test('a piece that another host fetches is open again, and nobody owes it', () => {
    const swarm = new DrawnSwarm(
      `
      a  x
      b  x
    `,
      { blocks: 4 },
    );
    assert.equal(swarm.ask('a'), '0.0 0.1 0.2 0.3');
    swarm.arrive('a', '0.0');
    assert.equal(swarm.yield(0), true);
    assert.deepEqual(swarm.cancelled, ['a 0.1', 'a 0.2', 'a 0.3']);
    assert.equal(swarm.yield(0), false);
    // What is on its way all the same is of no use, and then all of it is asked for anew.
    assert.equal(swarm.arrive('a', '0.1'), 'late');
    swarm.reject('a', '0.2 0.3');
    assert.equal(swarm.ask('b', 4), '0.0 0.1 0.2 0.3');
    assert.equal(swarm.arrive('b', '0.0 0.1'), 'wanted');
    assert.equal(swarm.yield(0), false, 'half of it is here');
    assert.equal(swarm.arrive('b', '0.2 0.3'), 'complete');
    assert.equal(swarm.yield(0), false);
  });

  test('a web seed is asked for open pieces in a row, and for what peers have not begun', () => {
    const swarm = new DrawnSwarm(`
      a  . x . .
      w  x x x x
    `);
    swarm.ask('a');
    assert.equal(swarm.askRun('w', 4), '0');
    assert.equal(swarm.askRun('w', 4), '2 3');
    assert.equal(swarm.requests.outstanding(swarm.peer('w')), 6);
  });

  test('a web seed helps with the piece that a reader waits for, though a peer is at it', () => {
    const swarm = new DrawnSwarm(`
      a  x x x
      w  x x x
    `);
    swarm.ask('a', 2);
    swarm.arrive('a', '0.0');
    swarm.picker.hurry(0);
    assert.equal(swarm.askRun('w', 4), '0');
    assert.equal(swarm.arrive('w', '0.0'), 'unasked');
    assert.equal(swarm.arrive('w', '0.1'), 'complete, cancel a');
  });

  test('a web seed takes what nobody goes on with, before what a peer is slow with', () => {
    const swarm = new DrawnSwarm(`
      a  x .
      b  . x
      w  x x
    `);
    swarm.ask('b');
    swarm.ask('a');
    swarm.arrive('a', '0.0');
    swarm.takeBack('a');
    assert.equal(swarm.askRun('w', 4), '0');
    assert.equal(swarm.askRun('w', 4), '1');
    assert.equal(swarm.askRun('w', 4), '');
  });

  test('a peer that still owes blocks of what a web seed took over is not unasked', () => {
    const swarm = new DrawnSwarm(`
      a  x
      w  x
    `);
    swarm.ask('a', 1);
    swarm.release('a');
    assert.equal(swarm.askRun('w', 4), '0');
    assert.equal(swarm.arrive('a', '0.0'), 'wanted, cancel w');
    assert.equal(swarm.arrive('w', '0.0'), 'late');
    assert.equal(swarm.arrive('w', '0.1'), 'complete');
  });

  test('a web seed that fails gives back what did not come', () => {
    const swarm = new DrawnSwarm(`
      a  x x
      w  x x
    `);
    swarm.askRun('w', 2);
    swarm.arrive('w', '0.0');
    swarm.leave('w');
    assert.equal(swarm.ask('a'), '0.1 1.0 1.1');
  });

  test('a peer that rejects without a choke leaves its piece to others, or to chance if nothing came', () => {
    const swarm = new DrawnSwarm(`
      a  x x
      b  x x
    `);
    swarm.ask('a', 2);
    swarm.arrive('a', '0.0');
    swarm.reject('a', '0.1');
    assert.equal(swarm.ask('b', 1), '0.1');
    swarm.ask('a');
    swarm.reject('a', '1.0 1.1');
    assert.equal(swarm.picker.isOpen(1), true);
  });

  test('a slow piece has no second source while its peer could begin nothing but others could', () => {
    const swarm = new DrawnSwarm(`
      a  x .
      b  x .
      c  . x
    `);
    swarm.ask('a');
    swarm.now = 10_000;
    assert.equal(swarm.ask('b'), '');
    swarm.ask('c');
    assert.equal(swarm.ask('b'), '0.1 0.0');
  });

  test('a suspect piece has no second source; when it is very slow another has it whole', () => {
    const swarm = new DrawnSwarm(`
      a  x
      b  x
    `);
    swarm.ask('a', 1);
    swarm.arrive('a', '0.0');
    swarm.release('a');
    swarm.ask('b');
    swarm.arrive('b', '0.1');
    swarm.failed(0);
    swarm.ask('a', 1);
    swarm.now = 5_000;
    assert.equal(swarm.ask('b'), '');
    swarm.picker.hurry(0);
    assert.equal(swarm.ask('b'), '');
    swarm.now = 5_001;
    assert.equal(swarm.ask('b'), '0.0 0.1');
    assert.deepEqual(swarm.cancelled, ['a 0.0']);
    // Twice as long each time, or two that are slow would take it from each other for ever.
    swarm.now = 15_001;
    assert.equal(swarm.ask('a'), '');
    swarm.now = 15_002;
    assert.equal(swarm.ask('a'), '0.0 0.1');
    assert.equal(swarm.arrive('b', '0.0'), 'late');
    swarm.join('w', 'x');
    assert.equal(swarm.askRun('w'), '0');
    assert.equal(swarm.arrive('a', '0.0'), 'late');
    swarm.arrive('w', '0.0 0.1');
    assert.equal(swarm.failed(0), 'w');
  });

  test('a source that is asked for a run anew owes each block once', () => {
    const swarm = new DrawnSwarm(`
      w  x
      a  x
    `);
    swarm.askRun('w');
    swarm.release('w');
    assert.equal(swarm.askRun('w'), '0');
    swarm.takeBack('w');
    assert.equal(swarm.ask('a'), '0.0 0.1');
  });

  test('a piece that has come and is being verified is asked of nobody', () => {
    const swarm = new DrawnSwarm(`
      a  x
      w  x
    `);
    swarm.ask('a');
    swarm.arrive('a', '0.0 0.1');
    swarm.now = 10_000;
    assert.equal(swarm.ask('w'), '');
    assert.equal(swarm.askRun('w'), '');
    swarm.picker.hurry(0);
    assert.equal(swarm.ask('w'), '');
    assert.equal(swarm.askRun('w'), '');
  });

  test('of a peer that is gone nothing is kept', () => {
    const swarm = new DrawnSwarm('a  x x');
    swarm.ask('a', 1);
    swarm.takeBack('a');
    const gone = swarm.peer('a');
    swarm.leave('a');
    assert.equal(swarm.requests.arrived(gone, swarm.block('0.0'), 0).kind, 'unasked');
  });
});
