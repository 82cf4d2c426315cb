import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../../base/log.ts';
import { sha256Of } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { startRegistry, type RegistryRole } from '../registry-role.ts';
import type { Webhook } from './webhook.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: {
    readonly id: string;
    readonly type: string;
    readonly subject: string;
    readonly data: object;
  };
}

type Behaviour = (received: Received, count: number) => number | 'silence';

/** Somebody who is told of changes; `behave` says with which status it answers. */
class Receiver {
  readonly received: Received[] = [];
  behave: Behaviour = () => 204;
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const one = { headers: request.headers, body, event: JSON.parse(body) as Received['event'] };
      this.received.push(one);
      const status = this.behave(one, this.received.length);
      if (status !== 'silence') response.writeHead(status, { 'content-length': 0 }).end();
    });
  });

  static async start(t: TestContext, port = 0): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.#server.listen(port, '127.0.0.1', resolve));
    t.after(() => receiver.close());
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook?x=1`;
  }

  async until(count: number): Promise<readonly Received[]> {
    for (let tries = 0; this.received.length < count; tries++) {
      assert.ok(tries < 500, `${this.received.length} of ${count} messages came`);
      await delay(10);
    }
    return this.received;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const config = Buffer.from('{}');

function manifestOf(note: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: sha256Of(config), size: config.length },
      layers: [],
      annotations: { note },
    }),
  );
}

async function start(location: string, webhooks: readonly Webhook[]): Promise<RegistryRole> {
  return await startRegistry({
    host: '127.0.0.1',
    port: 0,
    peerHost: '127.0.0.1',
    peerPort: 0,
    location,
    advertise: 'localhost',
    webhooks,
    log: silentLog,
  });
}

async function registryWith(
  t: TestContext,
  ...webhooks: readonly Webhook[]
): Promise<RegistryRole> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-webhooks-'));
  const role = await start(folder, webhooks);
  t.after(async () => {
    await role.close();
    await rm(folder, { recursive: true, force: true });
  });
  return role;
}

/** Pushes an image of one blob, and gives the digest of its manifest. */
async function push(
  role: RegistryRole,
  repository: string,
  tag: string,
  note = tag,
): Promise<string> {
  const blob = `${role.url}/v2/${repository}/blobs/uploads/?digest=${sha256Of(config)}`;
  assert.equal((await fetch(blob, { method: 'POST', body: config })).status, 201);
  const answer = await fetch(`${role.url}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': mediaTypes.ociManifest },
    body: manifestOf(note),
  });
  assert.equal(answer.status, 201);
  return answer.headers.get('docker-content-digest') ?? '';
}

async function remove(role: RegistryRole, path: string): Promise<void> {
  assert.equal((await fetch(`${role.url}/v2/${path}`, { method: 'DELETE' })).status, 202);
}

async function figure(role: RegistryRole, name: string): Promise<number> {
  const text = await (await fetch(`${role.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}

async function expectFigure(role: RegistryRole, name: string, expected: number): Promise<void> {
  for (let tries = 0; tries < 300 && (await figure(role, name)) !== expected; tries++)
    await delay(10);
  assert.equal(await figure(role, name), expected);
}

const messages = (webhook: string, outcome: string): string =>
  `docket_registry_webhook_messages_total{webhook="${webhook}",outcome="${outcome}"}`;

suite('webhooks', () => {
  test('are told of pushes and deletes as CloudEvents, in order', async (t) => {
    const receiver = await Receiver.start(t);
    const role = await registryWith(t, { name: 'ci', url: receiver.url });
    const digest = await push(role, 'team/app', '1');
    await push(role, 'team/app', '2', '1');
    await remove(role, 'team/app/manifests/2');
    await remove(role, `team/app/manifests/${digest}`);
    const received = await receiver.until(4);
    assert.deepEqual(
      received.map(({ event }) => [event.type, event.subject]),
      [
        ['docket.manifest.pushed', 'team/app:1'],
        ['docket.manifest.pushed', 'team/app:2'],
        ['docket.tag.deleted', 'team/app:2'],
        ['docket.manifest.deleted', 'team/app:1'],
      ],
    );
    const [first] = received;
    assert.match(first?.headers['content-type'] ?? '', /^application\/cloudevents\+json/);
    const { id, time, ...event } = JSON.parse(first?.body ?? '') as Record<string, unknown>;
    assert.match(String(id), /^[0-9a-f-]{36}$/);
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
    assert.deepEqual(event, {
      specversion: '1.0',
      source: '//localhost/v2/team/app',
      type: 'docket.manifest.pushed',
      subject: 'team/app:1',
      datacontenttype: 'application/json',
      data: {
        repository: 'team/app',
        digest,
        tags: ['1'],
        mediaType: mediaTypes.ociManifest,
        size: manifestOf('1').length,
      },
    });
    assert.deepEqual(received[3]?.event.data, {
      repository: 'team/app',
      digest,
      tags: ['1'],
      mediaType: mediaTypes.ociManifest,
      by: 'client',
    });
    assert.equal(new Set(received.map((one) => one.event.id)).size, 4);
    await expectFigure(role, messages('ci', 'delivered'), 4);
    await expectFigure(role, 'docket_registry_webhook_backlog{webhook="ci"}', 0);
  });

  test('see by a signature and a token that a message is ours', async (t) => {
    const receiver = await Receiver.start(t);
    const hook = { name: 'a', url: receiver.url, secret: 'key', token: 'opener' };
    const role = await registryWith(t, hook);
    await push(role, 'team/app', '1');
    const [{ headers, body, event } = assert.fail()] = await receiver.until(1);
    assert.equal(headers['authorization'], 'Bearer opener');
    assert.equal(headers['webhook-id'], event.id);
    const seconds = headers['webhook-timestamp'];
    assert.ok(Math.abs(Number(seconds) - Date.now() / 1000) < 60);
    const signed = createHmac('sha256', 'key').update(`${event.id}.${String(seconds)}.${body}`);
    assert.equal(headers['webhook-signature'], `v1,${signed.digest('base64')}`);
  });

  test('hear only of the repositories and actions that they want', async (t) => {
    const deletes = await Receiver.start(t);
    const team = await Receiver.start(t);
    const role = await registryWith(
      t,
      { name: 'deletes', url: deletes.url, actions: ['delete'] },
      { name: 'team', url: team.url, repositories: ['team/*', 'x'] },
    );
    await push(role, 'other/app', '1');
    await push(role, 'team/deep/app', '1');
    await push(role, 'team/app', '1');
    await remove(role, 'other/app/manifests/1');
    await push(role, 'x', 'last');
    await team.until(2);
    await deletes.until(1);
    assert.deepEqual(
      team.received.map(({ event }) => event.subject),
      ['team/app:1', 'x:last'],
    );
    assert.deepEqual(
      deletes.received.map(({ event }) => event.subject),
      ['other/app:1'],
    );
  });

  test('that fail get every message later, in order, and pushes do not wait for them', async (t) => {
    const receiver = await Receiver.start(t);
    receiver.behave = (_, count) => ([500, 'silence', 429, 302][count - 1] as number) ?? 200;
    const hook = { name: 'a', url: receiver.url, retryDelay: 20, timeout: 300 };
    const role = await registryWith(t, hook);
    for (const tag of ['1', '2', '3']) await push(role, 'team/app', tag);
    await receiver.until(7);
    await expectFigure(role, messages('a', 'delivered'), 3);
    const subjects = receiver.received.map(({ event }) => event.subject.slice(-1)).join('');
    assert.equal(subjects, '1111123');
    assert.equal(new Set(receiver.received.slice(0, 5).map(({ event }) => event.id)).size, 1);
    await expectFigure(role, 'docket_registry_webhook_failed_attempts_total{webhook="a"}', 4);
  });

  test('that are silent keep no push waiting', async (t) => {
    const receiver = await Receiver.start(t);
    receiver.behave = () => 'silence';
    const role = await registryWith(t, { name: 'a', url: receiver.url });
    await push(role, 'team/app', '1');
    await receiver.until(1);
    await push(role, 'team/app', '2');
    assert.equal(receiver.received.length, 1, 'one message at a time');
    await expectFigure(role, 'docket_registry_webhook_backlog{webhook="a"}', 2);
  });

  test('that refuse a message do not get it again, and hear of the next', async (t) => {
    const receiver = await Receiver.start(t);
    receiver.behave = (_, count) => (count === 1 ? 400 : 200);
    const role = await registryWith(t, { name: 'a', url: receiver.url });
    await push(role, 'team/app', '1');
    await push(role, 'team/app', '2');
    await receiver.until(2);
    await expectFigure(role, messages('a', 'refused'), 1);
    await expectFigure(role, messages('a', 'delivered'), 1);
  });

  test('that are down while the registry restarts get what was pushed before', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'docket-webhooks-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const absent = await Receiver.start(t);
    const { url, port } = absent;
    absent.close();
    const hooks = [{ name: 'a', url, retryDelay: 20 }];
    const first = await start(folder, [...hooks, { name: 'gone', url }]);
    await push(first, 'team/app', '1');
    await first.close();
    const second = await start(folder, hooks);
    t.after(() => second.close());
    await push(second, 'team/app', '2');
    const receiver = await Receiver.start(t, port);
    await receiver.until(2);
    assert.deepEqual(
      receiver.received.map(({ event }) => event.subject),
      ['team/app:1', 'team/app:2'],
    );
  });

  test('that stay down lose the oldest messages beyond their limit, which is counted', async (t) => {
    const receiver = await Receiver.start(t);
    receiver.behave = () => 503;
    const hook = { name: 'a', url: receiver.url, retryDelay: 50, backlog: 2 };
    const role = await registryWith(t, hook);
    for (const tag of ['1', '2', '3', '4', '5']) await push(role, 'team/app', tag);
    await expectFigure(role, messages('a', 'dropped'), 3);
    receiver.behave = () => 200;
    await expectFigure(role, messages('a', 'delivered'), 2);
    const last = receiver.received.slice(-2).map(({ event }) => event.subject);
    assert.deepEqual(last, ['team/app:4', 'team/app:5']);
  });
});
