import assert from 'node:assert/strict';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog, type Log } from '../base/log.ts';
import { sha256Of } from '../oci/digest.ts';
import { startRegistry, type RegistryOptions } from './registry-role.ts';

/** A line of the log. */
interface Line {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

async function start(t: TestContext, options: Partial<RegistryOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'docket-observing-'));
  const lines: Line[] = [];
  const note = (fields: object, message: string): void => {
    lines.push({ fields: fields as Line['fields'], message });
  };
  const log: Log = { ...silentLog, info: note, warn: note, error: note };
  const role = await startRegistry({
    host: '127.0.0.1',
    port: 0,
    peerHost: '127.0.0.1',
    peerPort: 0,
    location: join(folder, 'registry'),
    log,
    ...options,
  });
  t.after(async () => {
    await role.close();
    await rm(folder, { recursive: true, force: true });
  });
  /** The access lines of a route; a request is told of when its answer is over, which its client may see before. */
  const linesOf = async (route: string): Promise<readonly Line['fields'][]> => {
    for (let tries = 0; ; tries++) {
      const found = lines.filter(
        (line) => line.message === 'request' && line.fields['route'] === route,
      );
      if (found.length > 0) return found.map(({ fields }) => fields);
      assert.ok(tries < 200, `no line of ${route}`);
      await delay(10);
    }
  };
  return { role, folder, lines, linesOf };
}

async function figure(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}

/** Asks until the figure is as expected: a request counts when its answer is over, which its client may see before. */
async function expectFigure(url: string, name: string, expected: number): Promise<void> {
  let found = Number.NaN;
  for (let tries = 0; tries < 200; tries++) {
    found = await figure(url, name);
    if (found === expected) return;
    await delay(10);
  }
  assert.equal(found, expected, name);
}

suite('what the registry tells of requests', () => {
  test('each has an id, its own when it is fit for a log, which stands in the answer and in the log', async (t) => {
    const { role, linesOf } = await start(t);
    const idFor = async (id?: string): Promise<string | null> => {
      const headers = id === undefined ? {} : { 'X-Request-Id': id };
      return (await fetch(`${role.url}/v2/`, { headers })).headers.get('x-request-id');
    };
    assert.equal(await idFor('abc-1.2:3'), 'abc-1.2:3');
    for (const bad of [undefined, 'a b', 'a"b', 'x'.repeat(129), '{}']) {
      assert.match((await idFor(bad)) ?? '', /^[0-9a-f-]{36}$/, bad);
    }
    const failed = await fetch(`${role.url}/nothing`, { headers: { 'x-request-id': 'lost' } });
    assert.equal(failed.headers.get('x-request-id'), 'lost');
    assert.equal((await linesOf('none'))[0]?.['requestId'], 'lost');
    assert.equal((await linesOf('ping'))[0]?.['requestId'], 'abc-1.2:3');
  });

  test('a line tells the method, class, status, bytes, time, repository and remote, and no secrets', async (t) => {
    const { role, linesOf } = await start(t);
    const bytes = new Uint8Array(50_000).fill(7);
    const digest = sha256Of(bytes);
    const pushed = await fetch(
      `${role.url}/v2/team/app/blobs/uploads/?digest=${digest}&token=hunter2`,
      {
        method: 'POST',
        body: bytes,
        headers: { authorization: 'Bearer hunter2', 'user-agent': 'tester/1' },
      },
    );
    assert.equal(pushed.status, 201);
    const [line] = await linesOf('uploads');
    const { milliseconds, sent, received, requestId, ...rest } = line ?? {};
    assert.deepEqual(rest, {
      method: 'POST',
      route: 'uploads',
      path: `/v2/team/app/blobs/uploads/?digest=${digest}&token=(hidden)`,
      status: 201,
      repository: 'team/app',
      remote: '127.0.0.1',
      agent: 'tester/1',
    });
    assert.ok(typeof milliseconds === 'number' && milliseconds > 0);
    assert.ok(Number(received) > 50_000 && Number(received) < 51_000, `${String(received)} bytes`);
    assert.ok(Number(sent) > 100 && Number(sent) < 1000, `${String(sent)} bytes`);
    assert.equal(typeof requestId, 'string');
    assert.doesNotMatch(JSON.stringify(line), /hunter2/);
  });

  test('on one connection each request is told with its own bytes', async (t) => {
    const { role, linesOf } = await start(t);
    const socket = connect(role.port, '127.0.0.1');
    t.after(() => socket.destroy());
    const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const first = ask('/v2/');
    const second = ask(`/v2/?${'x'.repeat(1000)}`);
    socket.write(first);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write(second);
    await new Promise((resolve) => socket.once('data', resolve));
    let lines = await linesOf('ping');
    while (lines.length < 2) {
      await delay(10);
      lines = await linesOf('ping');
    }
    assert.deepEqual(
      lines.map(({ received }) => received),
      [first.length, second.length],
    );
    assert.equal(lines[0]?.['sent'], lines[1]?.['sent']);
  });

  test('what asks every few seconds gets no line, unless it goes wrong; no line at all when none is wanted', async (t) => {
    const { role, lines } = await start(t);
    for (const path of ['/healthz', '/readyz', '/metrics', '/scrape']) {
      await fetch(`${role.url}${path}`);
    }
    const silent = await start(t, { accessLog: false });
    await fetch(`${silent.role.url}/v2/`);
    await delay(50);
    const paths = lines
      .filter(({ message }) => message === 'request')
      .map(({ fields }) => fields['path']);
    assert.deepEqual(paths, []);
    assert.deepEqual(
      silent.lines.filter(({ message }) => message === 'request'),
      [],
    );
  });

  test('figures count requests by class, method and status, with their times, sizes and failures', async (t) => {
    const { role } = await start(t);
    const bytes = new Uint8Array(1000).fill(1);
    await fetch(`${role.url}/v2/a/blobs/uploads/?digest=${sha256Of(bytes)}`, {
      method: 'POST',
      body: bytes,
    });
    await fetch(`${role.url}/v2/a/manifests/none`);
    await fetch(`${role.url}/v2/a/manifests/none`);
    await fetch(`${role.url}/v2/a/blobs/uploads/`, { method: 'POST' });
    const requests = 'docket_registry_http_requests_total';
    await expectFigure(role.url, `${requests}{route="manifest",method="GET",status="404"}`, 2);
    await expectFigure(role.url, `${requests}{route="uploads",method="POST",status="201"}`, 1);
    const durations = 'docket_registry_http_request_duration_seconds_count';
    assert.equal(await figure(role.url, `${durations}{route="manifest",method="GET"}`), 2);
    assert.ok(
      (await figure(
        role.url,
        'docket_registry_http_bytes_total{route="uploads",direction="received"}',
      )) > 1000,
    );
    // The request for the figures itself.
    assert.equal(await figure(role.url, 'docket_registry_http_requests_under_way'), 1);
    assert.equal(await figure(role.url, 'docket_registry_uploads_under_way'), 1);
    assert.equal(await figure(role.url, 'docket_registry_blobs'), 1);
    assert.equal(await figure(role.url, 'docket_registry_blob_bytes'), 1000);
    assert.ok((await figure(role.url, 'docket_registry_storage_free_bytes')) > 0);
  });

  test('figures count garbage collections', async (t) => {
    const { role } = await start(t, { gcInterval: 200 });
    const runs = 'docket_registry_gc_runs_total{outcome="finished"}';
    while ((await figure(role.url, runs)) < 1) await delay(20);
    assert.ok((await figure(role.url, 'docket_registry_gc_last_end_timestamp_seconds')) > 1e9);
    assert.equal(await figure(role.url, 'docket_registry_gc_removed_total{kind="blob"}'), 0);
  });

  test('a client that goes away before its answer counts as such', async (t) => {
    const { role, linesOf } = await start(t);
    const socket = connect(role.port, '127.0.0.1');
    socket.end(
      `POST /v2/a/blobs/uploads/?digest=${sha256Of(new Uint8Array(9))} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx`,
    );
    setTimeout(() => socket.destroy(), 50);
    const [line] = await linesOf('uploads');
    assert.equal(line?.['status'], 499);
    assert.equal(line?.['brokenOff'], true);
    await expectFigure(
      role.url,
      'docket_registry_http_requests_total{route="uploads",method="POST",status="499"}',
      1,
    );
  });
});

suite('whether the registry is ready', () => {
  test('it is, and alive, after its start', async (t) => {
    const { role } = await start(t);
    for (const [path, status] of [
      ['/healthz', 'ok'],
      ['/readyz', 'ready'],
    ] as const) {
      const answer = await fetch(`${role.url}${path}`);
      assert.equal(answer.status, 200);
      assert.deepEqual(await answer.json(), { status });
    }
  });

  test('it is not when its folder has gone, and tells no particulars', async (t) => {
    const { role, folder } = await start(t);
    await rename(join(folder, 'registry'), join(folder, 'elsewhere'));
    const answer = await fetch(`${role.url}/readyz`);
    assert.equal(answer.status, 503);
    const { status, reasons } = (await answer.json()) as { status: string; reasons: object[] };
    assert.equal(status, 'not ready');
    assert.deepEqual(reasons[0], { check: 'storage', code: 'STORAGE_GONE' });
    assert.equal((await fetch(`${role.url}/healthz`)).status, 200, 'a restart would not help');
    await rename(join(folder, 'elsewhere'), join(folder, 'registry'));
    while ((await fetch(`${role.url}/readyz`)).status !== 200) await delay(50);
  });

  test('it is not any more when it is told to end, and still answers for a while', async (t) => {
    const { role } = await start(t, { shutdownDelay: 1000 });
    const closing = role.close();
    const answer = await fetch(`${role.url}/readyz`);
    assert.equal(answer.status, 503);
    assert.deepEqual(await answer.json(), {
      status: 'not ready',
      reasons: [{ check: 'shutdown', code: 'SHUTTING_DOWN' }],
    });
    assert.equal((await fetch(`${role.url}/v2/`)).status, 200);
    await closing;
    await assert.rejects(fetch(`${role.url}/v2/`));
  });
});
