import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startHttpServer, type HttpTimeouts } from './http-server.ts';

/** Runs `visit` with a server that answers each request when its body has come, and a connection to it. */
async function withServer(
  timeouts: HttpTimeouts | undefined,
  visit: (socket: Socket) => Promise<void>,
): Promise<void> {
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    handler: (request, response) => {
      request.on('error', () => {});
      request.resume().once('end', () => response.end('done'));
    },
    ...(timeouts === undefined ? {} : { timeouts }),
  });
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  try {
    await visit(socket);
  } finally {
    socket.destroy();
    await server.close();
  }
}

/** Milliseconds until the server closes the connection. */
async function closedAfter(socket: Socket): Promise<number> {
  const begin = performance.now();
  const limit = AbortSignal.timeout(20_000);
  // Not `once`: that fails when a byte meets the closed connection, which is then reset.
  await new Promise<void>((resolve, reject) => {
    socket.once('close', () => resolve());
    limit.addEventListener('abort', () => reject(limit.reason), { once: true });
  });
  return performance.now() - begin;
}

suite('a server', () => {
  test('closes a connection whose header comes a byte at a time', async () => {
    await withServer({ header: 300, silence: 60_000 }, async (socket) => {
      const closing = closedAfter(socket);
      const header = 'GET / HTTP/1.1\r\nHost: a\r\nX: ';
      socket.write(header);
      const drip = setInterval(() => socket.write('x'), 50);
      try {
        await closing;
      } finally {
        clearInterval(drip);
      }
    });
  });

  test('closes a connection whose body does not go on', async () => {
    await withServer({ header: 60_000, silence: 300 }, async (socket) => {
      const closing = closedAfter(socket);
      socket.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx');
      assert.ok((await closing) >= 250);
    });
  });

  test('keeps a connection whose body comes slowly for longer than any limit', async () => {
    await withServer({ header: 300, silence: 2000 }, async (socket) => {
      let answer = '';
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString();
      });
      socket.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n');
      for (let sent = 0; sent < 10; sent++) {
        await delay(250);
        socket.write('x');
      }
      while (!answer.includes('done'))
        await once(socket, 'data', { signal: AbortSignal.timeout(5000) });
      assert.match(answer, /^HTTP\/1\.1 200 /);
    });
  });
});
