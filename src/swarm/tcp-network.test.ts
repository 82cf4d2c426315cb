import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { noise, until } from './swarm-fixtures.ts';
import type { Connection } from './network.ts';
import { tcpNetwork } from './tcp-network.ts';

const { signal } = new AbortController();

/** Two ends of a connection, and the port it came by; all of it ends with the test, also when that fails. */
async function connected(t: TestContext) {
  const ends: Connection[] = [];
  const accepted = Promise.withResolvers<Connection>();
  const listener = await tcpNetwork.listen({ host: '127.0.0.1', port: 0 }, accepted.resolve);
  t.after(async () => {
    for (const end of ends) end.destroy();
    await listener.close();
  });
  void accepted.promise.then((end) => ends.push(end));
  const there = { host: '127.0.0.1', port: listener.port };
  const dialled = await tcpNetwork.connect(there, 20_000, signal);
  ends.push(dialled);
  return { listener, dialled, accepted: await accepted.promise };
}

/** Notes what happens on a connection. */
function listenTo(connection: Connection) {
  const heard = { bytes: Buffer.alloc(0), drained: 0, closed: 0 };
  connection.handle({
    data: (chunk) => void (heard.bytes = Buffer.concat([heard.bytes, chunk])),
    drained: () => void heard.drained++,
    closed: () => void heard.closed++,
  });
  return heard;
}

suite('TCP network', { timeout: 60_000 }, () => {
  test('what one end writes the other hears, in order, both ways, and who is paused hears nothing', async (t) => {
    const { dialled, accepted } = await connected(t);
    const bytes = noise(3_000_000);
    for (const [from, to] of [
      [dialled, accepted],
      [accepted, dialled],
    ] as const) {
      from.write([bytes.subarray(0, 10), bytes.subarray(10)]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const heard = listenTo(to);
      to.pause();
      const early = heard.bytes.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(heard.bytes.length, early);
      to.resume();
      await until('all has come', () => heard.bytes.length === bytes.length);
      assert.deepEqual(heard.bytes, bytes);
    }
  });

  test('a writer is told when there is no room, and when there is again', async (t) => {
    const { dialled, accepted } = await connected(t);
    const heard = listenTo(dialled);
    let isDone = false;
    assert.equal(
      dialled.write([Buffer.alloc(20_000_000)], () => (isDone = true)),
      false,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual([isDone, heard.drained], [false, 0]);
    listenTo(accepted);
    await until('it is drained', () => isDone && heard.drained === 1);
  });

  test('both ends hear of the end once, what was not sent is let go of, and the port closes after them', async (t) => {
    const { listener, dialled, accepted } = await connected(t);
    const [near, far] = [listenTo(dialled), listenTo(accepted)];
    let done = 0;
    dialled.write([Buffer.alloc(20_000_000)], () => void done++);
    accepted.pause();
    const closed = listener.close();
    dialled.destroy();
    accepted.resume();
    await until('both have heard', () => near.closed + far.closed === 2);
    assert.equal(done, 1);
    assert.equal(
      dialled.write([Buffer.alloc(1)], () => void done++),
      true,
    );
    assert.equal(done, 2);
    await closed;
    // Who listens to a connection that is over is told so too.
    const late = listenTo(dialled);
    await until('it is told', () => late.closed === 1);
    assert.deepEqual([near.closed, far.closed], [1, 1]);
  });
});
