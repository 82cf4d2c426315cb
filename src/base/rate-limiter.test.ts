import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { ManualClock } from './manual-clock.ts';
import { createRateLimiter, TokenBucket, Unlimited } from './rate-limiter.ts';

/** Users that take again as soon as they may, until `milliseconds` have passed: how many bytes flowed, and in which order. */
async function drive(
  takes: readonly number[],
  milliseconds: number,
  burst?: number,
): Promise<{ readonly flowed: number; readonly order: readonly number[] }> {
  const clock = new ManualClock();
  const bucket = new TokenBucket(1_000_000, clock, burst);
  const order: number[] = [];
  let flowed = 0;
  const use = async (user: number, bytes: number): Promise<void> => {
    while (clock.now() < milliseconds) {
      await bucket.take(bytes);
      if (clock.now() > milliseconds) return;
      flowed += bytes;
      order.push(user);
    }
  };
  const users = takes.map((bytes, user) => use(user, bytes));
  const longest = (Math.max(...takes) * takes.length) / 1_000 + milliseconds;
  for (let time = 0; time < longest; time++) {
    clock.advance(1);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
  await Promise.all(users);
  return { flowed, order };
}

/** Lets everything go on that can. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

suite('rate limiter', () => {
  test('the first burst goes at once, what is beyond it waits as long as it takes to flow', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(1_000_000, clock, 50_000);
    assert.equal(bucket.take(30_000), undefined);
    assert.equal(bucket.take(20_000), undefined);
    let isOver = false;
    const turn = bucket.take(10_000)?.then(() => (isOver = true));
    assert.notEqual(turn, undefined);
    clock.advance(9);
    await Promise.resolve();
    assert.equal(isOver, false);
    clock.advance(1);
    await turn;
    assert.equal(isOver, true);
  });

  test('the rate is kept, whoever takes how much', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1_000, max: 100_000 }), { minLength: 1, maxLength: 4 }),
        async (takes) => {
          const { flowed } = await drive(takes, 1_000, 50_000);
          assert.ok(flowed <= 1_050_000, `${flowed} bytes`);
          assert.ok(flowed > 1_050_000 - 2 * takes.reduce((sum, take) => sum + take), `${flowed}`);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('time in which nothing was taken gives no more than one burst', () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(1_000_000, clock, 50_000);
    clock.advance(3_600_000);
    assert.equal(bucket.take(50_000), undefined);
    assert.notEqual(bucket.take(1_000), undefined);
  });

  test('users come in the order in which they asked', async () => {
    const { order } = await drive([10_000, 20_000, 30_000], 500, 10_000);
    for (const [index, user] of order.entries()) {
      if (index >= 3) assert.equal(user, order[index - 3], order.join());
    }
  });

  test('a take beyond the burst passes after the time of what is beyond', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(1_000_000, clock, 16_384);
    const turn = bucket.take(1_016_384);
    clock.advance(1_000);
    await turn;
  });

  test('bytes that were received already are paid by the next', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(1_000_000, clock, 16_384);
    void bucket.take(116_384);
    let isOver = false;
    const turn = bucket.take(1)?.then(() => (isOver = true));
    clock.advance(100);
    await Promise.resolve();
    assert.equal(isOver, false);
    clock.advance(1);
    await turn;
  });

  test('a faster rate holds at once, also for those who wait', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(1_000, clock, 1_000);
    const order: string[] = [];
    const first = bucket.take(11_000)?.then(() => order.push('first'));
    const second = bucket.take(10_000)?.then(() => order.push('second'));
    clock.advance(5_000);
    bucket.rate = 5_000;
    clock.advance(999);
    await settled();
    assert.deepEqual(order, []);
    clock.advance(1);
    await first;
    clock.advance(1_999);
    await settled();
    assert.deepEqual(order, ['first']);
    clock.advance(1);
    await second;
  });

  test('a slower rate holds at once, and what flowed before stays paid', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(10_000, clock, 1_000);
    let isOver = false;
    const turn = bucket.take(11_000)?.then(() => (isOver = true));
    clock.advance(500);
    bucket.rate = 1_000;
    clock.advance(4_999);
    await settled();
    assert.equal(isOver, false);
    clock.advance(1);
    await turn;
  });

  test('without a limit any more all who wait go on, and with one again nothing is owed of that time', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(1_000, clock, 1_000);
    const waiting = [bucket.take(1_000_000), bucket.take(1_000)];
    bucket.rate = undefined;
    for (const turn of waiting) await turn;
    assert.equal(bucket.take(50_000_000), undefined);
    assert.equal(clock.waiting, 0);
    bucket.rate = 1_000;
    const turn = bucket.take(500);
    assert.notEqual(turn, undefined);
    clock.advance(500);
    await turn;
  });

  test('however often the rate changes, the bytes that flow are the sum over its times', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            rate: fc.integer({ min: 10_000, max: 10_000_000 }),
            lasts: fc.integer({ min: 1, max: 500 }),
          }),
          { minLength: 1, maxLength: 8 },
        ),
        async (times) => {
          const clock = new ManualClock();
          const bucket = new TokenBucket(1, clock, 20_000);
          let flowed = 0;
          const allowed = times.reduce((sum, { rate, lasts }) => sum + (rate * lasts) / 1000, 0);
          const use = async (): Promise<void> => {
            while (flowed < 2 * allowed + 50_000) {
              await bucket.take(1_000);
              flowed += 1_000;
            }
          };
          void use();
          for (const { rate, lasts } of times) {
            bucket.rate = rate;
            for (let passed = 0; passed < lasts; passed++) {
              clock.advance(1);
              for (let turn = 0; turn < 30; turn++) await Promise.resolve();
            }
          }
          assert.ok(Math.abs(flowed - allowed) <= 22_000, `${flowed} of ${allowed} bytes`);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('all that was taken is counted, limited or not', () => {
    for (const limiter of [
      createRateLimiter(1_000, new ManualClock()),
      createRateLimiter(undefined, new ManualClock()),
    ]) {
      void limiter.take(10_000);
      void limiter.take(5);
      assert.equal(limiter.total, 10_005);
    }
  });

  test('without a rate nobody waits', () => {
    const limiter = createRateLimiter(undefined, new ManualClock());
    assert.ok(limiter instanceof Unlimited);
    assert.equal(limiter.take(Number.MAX_SAFE_INTEGER), undefined);
  });
});
