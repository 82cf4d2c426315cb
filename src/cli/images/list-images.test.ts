import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { runInProcess } from '../cli-fixture.ts';

test('a registry cannot steer the terminal by the names that it lists', async (t) => {
  const image = {
    repository: 'team/\u001b[2Japp',
    tag: '1\u009b31m',
    digest: '\u0007sha256:0',
    mediaType: 'x',
    size: 1,
    pushedAt: '2026-01-01T00:00:00Z',
  };
  const server = createServer((_request, response) => {
    response.end(JSON.stringify({ images: [image] }));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const options of [[], ['-q'], ['--format', 'json']]) {
    const { code, stdout } = await runInProcess(['-h', host, 'images', ...options]);
    assert.equal(code, 0);
    assert.match(stdout, /sha256:0/);
    assert.doesNotMatch(stdout, /[^\P{Cc}\n]/u);
  }
});
