import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Process } from './process.ts';
import { withoutReality } from './reality.ts';
import { Timeline } from './timeline.ts';

const toTheEnd = (timeline: Timeline): Promise<void> =>
  timeline.run(
    () => false,
    () => {},
  );

suite('virtual time', () => {
  test('what is planned happens in order, of equal moments what was planned first', async () => {
    const timeline = new Timeline();
    const happened: string[] = [];
    for (let number = 0; number < 2_000; number++) {
      const at = (number * 7919) % 100;
      timeline.plan(at, () =>
        happened.push(`${String(at).padStart(3)} ${String(number).padStart(5)}`),
      );
    }
    timeline.plan(50, () => assert.fail('it was called off')).task = undefined;
    await toTheEnd(timeline);
    assert.equal(happened.length, 2_000);
    assert.deepEqual(happened, happened.toSorted());
    assert.equal(timeline.now, 99);
  });

  test('all promises settle before the next thing happens', async () => {
    const timeline = new Timeline();
    const happened: string[] = [];
    timeline.plan(1, () => {
      void (async () => {
        for (let turn = 0; turn < 100; turn++) await Promise.resolve();
        happened.push('promises');
      })();
    });
    timeline.plan(1, () => happened.push('next'));
    await toTheEnd(timeline);
    assert.deepEqual(happened, ['promises', 'next']);
  });

  test('what a task throws ends the run', async () => {
    const timeline = new Timeline();
    timeline.plan(1, () => {
      throw new Error('no');
    });
    await assert.rejects(toTheEnd(timeline), /no/);
  });

  test('a program that was killed does nothing more; one that stands still does it later', async () => {
    const timeline = new Timeline();
    const killed = new Process(timeline);
    const stopped = new Process(timeline);
    const happened: string[] = [];
    killed.clock.after(10, () => assert.fail('it is dead'));
    stopped.clock.after(10, () => happened.push(`first at ${timeline.now}`));
    stopped.clock.after(20, () => happened.push(`second at ${timeline.now}`));
    assert.equal(stopped.timers, 2);
    timeline.plan(5, () => {
      killed.kill();
      stopped.stop(100);
    });
    await toTheEnd(timeline);
    assert.deepEqual(happened, ['first at 105', 'second at 105']);
    assert.equal(stopped.timers, 0);
  });

  test('while a run lasts there is no real time and no real chance', async () => {
    await assert.rejects(
      withoutReality(async () => Math.random()),
      /random is real/,
    );
    await assert.rejects(
      withoutReality(async () => setTimeout(() => {}, 1)),
      /setTimeout is real/,
    );
    assert.equal(typeof Math.random(), 'number');
  });
});
