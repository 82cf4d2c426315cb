import assert from 'node:assert/strict';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startAgent, startRegistry, type AgentProcess } from '../lab/docket.ts';
import { Lab } from '../lab/lab.ts';
import { pull, pushBlob, type PushedBlob } from '../lab/oci-client.ts';
import { writeRandomFile } from '../lab/random-file.ts';
import { usageOf } from '../lab/usage.ts';

const readers = 24;
const size = 32_000_000;
/** Of all readers together it may hold this much: far less than one layer for each. */
const allowed = 64_000_000;

/** A client that takes 10 KB of a layer each second. */
class SlowReader implements Disposable {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#timer = setInterval(() => {
      const chunk = socket.read(Math.min(1_000, socket.readableLength)) as Buffer | null;
      if (chunk !== null) this.#chunks.push(chunk);
    }, 100);
  }

  static async start(agent: AgentProcess, { repository, blob }: PushedBlob): Promise<SlowReader> {
    const socket = connect({ host: '127.0.0.1', port: agent.port });
    // Not flowing, but read from the system as far as the buffer has room.
    socket.on('readable', () => {});
    socket.on('error', () => {});
    await once(socket, 'connect');
    const target = `/v2/${repository}/blobs/${blob.digest}`;
    socket.write(`GET ${target} HTTP/1.1\r\nhost: 127.0.0.1:${agent.port}\r\n\r\n`);
    return new SlowReader(socket);
  }

  get isCut(): boolean {
    return this.#socket.closed;
  }

  /** What it has of the layer so far. */
  get body(): Buffer {
    const all = Buffer.concat(this.#chunks);
    const end = all.indexOf('\r\n\r\n');
    return end < 0 ? Buffer.alloc(0) : all.subarray(end + 4);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}

async function firstBytes(path: string, length: number): Promise<Buffer> {
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, 0);
  return buffer;
}

for (const when of ['while it comes', 'when it is there']) {
  test(`clients that read a large layer at 10 KB/s, ${when}, do not grow the agent`, async (t) => {
    const lab = await Lab.open(t);
    const registry = await startRegistry(lab);
    const blob = await writeRandomFile(join(lab.folder, 'blob'), size);
    const pushed = await pushBlob(registry.url, 'team/large', '1', blob);
    // What the agent needs for any layer it has had before it is measured.
    const other = await writeRandomFile(join(lab.folder, 'other'), size);
    const usual = await pushBlob(registry.url, 'team/other', '1', other);
    const agent = await startAgent(lab, { registry: registry.url });
    for (const image of when === 'while it comes' ? [usual] : [usual, pushed]) {
      await pull(agent.url, image, '1');
    }
    const before = usageOf(agent.program.pid).rss;

    using slow = new DisposableStack();
    const all: SlowReader[] = [];
    for (let count = 0; count < readers; count++) {
      all.push(slow.use(await SlowReader.start(agent, pushed)));
    }
    assert.equal((await pull(agent.url, pushed, '1')).digest, blob.digest);
    for (let look = 0; look < 8; look++) {
      await pause(250);
      const grown = usageOf(agent.program.pid).rss - before;
      assert.ok(grown < allowed, `${grown} bytes more for ${readers} slow readers`);
    }
    const expected = await firstBytes(blob.path, 100_000);
    for (const reader of all) {
      const { body } = reader;
      assert.ok(!reader.isCut, 'a slow reader was cut off');
      assert.ok(body.length >= 5_000 && body.length < 100_000, `${body.length} bytes`);
      assert.ok(body.equals(expected.subarray(0, body.length)), 'a slow reader got other bytes');
    }
  });
}
