import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../../../src/base/random.ts';
import type { Connection } from '../../../src/swarm/network.ts';
import { MemoryNetwork } from './memory-network.ts';
import { Process } from './process.ts';
import { Timeline } from './timeline.ts';

const a = { host: '10.0.0.1', port: 1 };
const b = { host: '10.0.0.2', port: 1 };
const never = new AbortController().signal;

/** Two machines with links of 100 bytes a millisecond and 10 ms between them, and a connection from `a` to `b`. */
class Pair {
  readonly timeline = new Timeline();
  readonly network = new MemoryNetwork(this.timeline, seededRandom(1), {
    latency: [10, 10],
    fragment: 400,
    window: 1_000,
    highWaterMark: 2_000,
  });
  readonly near = new Process(this.timeline);
  readonly far = new Process(this.timeline);
  readonly stations = {
    near: this.network.station(a.host, { up: 100, down: 100 }),
    far: this.network.station(b.host, { up: 100, down: 100 }),
  };
  heard = Buffer.alloc(0);
  readonly happened: string[] = [];

  async connect(): Promise<{ readonly out: Connection; readonly in: Connection }> {
    const met = Promise.withResolvers<Connection>();
    await this.network.for(this.stations.far, this.far).listen(b, met.resolve);
    const dialled = this.network.for(this.stations.near, this.near).connect(b, 1_000, never);
    await this.run();
    const ends = { out: await dialled, in: await met.promise };
    ends.in.handle({
      data: (chunk) => (this.heard = Buffer.concat([this.heard, chunk])),
      drained: () => {},
      closed: () => this.happened.push(`b closed at ${Math.round(this.timeline.now)}`),
    });
    ends.out.handle({
      data: () => {},
      drained: () => this.happened.push('drained'),
      closed: () => this.happened.push(`a closed at ${Math.round(this.timeline.now)}`),
    });
    return ends;
  }

  run(until = Infinity): Promise<void> {
    return this.timeline.run(
      () => this.timeline.now >= until,
      () => {},
    );
  }
}

suite('network in memory', () => {
  test('what is written arrives whole and in order, as fast as the link is', async () => {
    const pair = new Pair();
    const { out } = await pair.connect();
    const begun = pair.timeline.now;
    const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
    assert.equal(out.write([bytes.subarray(0, 3), bytes.subarray(3)]), false);
    await pair.run();
    assert.deepEqual(pair.heard, bytes);
    assert.ok(pair.timeline.now - begun >= 110, `${pair.timeline.now - begun} ms`);
    assert.deepEqual(pair.happened, ['drained']);
  });

  test('the bytes that are sent are those of the moment at which they leave', async () => {
    const pair = new Pair();
    const { out } = await pair.connect();
    const bytes = Buffer.alloc(3_000, 1);
    let isDone = false;
    out.write([bytes], () => (isDone = true));
    bytes.fill(2);
    assert.equal(isDone, false);
    await pair.run();
    assert.equal(isDone, true);
    assert.ok(pair.heard.includes(2), 'what was changed too early was not sent wrong');
  });

  test('who does not read stops the sender, and loses nothing', async () => {
    const pair = new Pair();
    const { out, in: far } = await pair.connect();
    far.pause();
    out.write([Buffer.alloc(5_000, 1)]);
    await pair.run();
    assert.equal(pair.heard.length, 0);
    assert.deepEqual(pair.happened, []);
    far.resume();
    await pair.run();
    assert.equal(pair.heard.length, 5_000);
  });

  test('in a partition nothing comes, and afterwards all of it', async () => {
    const pair = new Pair();
    const { out } = await pair.connect();
    pair.network.cut(a.host, b.host);
    out.write([Buffer.alloc(500, 1)]);
    await pair.run();
    assert.equal(pair.heard.length, 0);
    pair.network.mend(a.host, b.host);
    await pair.run();
    assert.equal(pair.heard.length, 500);
  });

  test('the end of a program is told to others, the end of its machine is not until it is back', async () => {
    const killed = new Pair();
    await killed.connect();
    killed.near.kill();
    await killed.run();
    assert.match(killed.happened.join(), /^b closed/);
    const dark = new Pair();
    const { in: far } = await dark.connect();
    dark.network.setDark(dark.stations.near, true);
    dark.near.kill();
    far.write([Buffer.alloc(10)]);
    await dark.run();
    assert.deepEqual(dark.happened, []);
    dark.network.setDark(dark.stations.near, false);
    await dark.run();
    assert.match(dark.happened.join(), /^b closed/);
  });

  test('a dial is refused where nobody listens, and unanswered where there is no power', async () => {
    const pair = new Pair();
    const network = pair.network.for(pair.stations.near, pair.near);
    const refused = assert.rejects(network.connect(b, 1_000, never), /ECONNREFUSED/);
    await pair.run();
    await refused;
    pair.network.setDark(pair.stations.far, true);
    const silent = assert.rejects(network.connect(b, 1_000, never), /no answer within 1000 ms/);
    await pair.run(pair.timeline.now + 2_000);
    await silent;
  });
});
