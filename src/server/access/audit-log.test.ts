import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { AuditLog, type AuditEntry } from './audit-log.ts';
import { basic, ClosedRegistry } from './access-fixture.ts';

async function entries(path: string): Promise<readonly AuditEntry[]> {
  const text = await readFile(path, 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEntry);
}

test('every change is written down with who, what, when and where from, and so is every refused attempt', async () => {
  const registry = await ClosedRegistry.start();
  await using end = registry;
  const image = await registry.pushImage('team/app', 'bytes');
  await registry.ask('GET', '/v2/team/app/manifests/v1', { authorization: basic('pat') });
  await registry.ask('DELETE', '/v2/team/app/manifests/v1', { authorization: basic('pat') });
  await registry.ask('DELETE', '/v2/team/app/manifests/v1', { authorization: basic('dan') });
  await registry.robot('ci', [{ rights: ['pull'], repositories: ['**'] }]);
  await registry.ask('GET', '/token', { authorization: basic('root', 'guess') });
  await registry.role.close();
  const told = (await entries(join(end.folder, 'registry', 'audit.jsonl'))).map((entry) => {
    assert.ok(Date.parse(entry.time) > 0);
    assert.match(entry.from ?? '', /127\.0\.0\.1/);
    assert.ok(entry.requestId);
    return [entry.who, entry.what, entry.repository, entry.target, entry.status];
  });
  const config = (JSON.parse(image.bytes) as { config: { digest: string } }).config.digest;
  assert.deepEqual(told, [
    ['user:root', 'uploads POST', 'team/app', image.layer, 201],
    ['user:root', 'uploads POST', 'team/app', config, 201],
    ['user:root', 'manifest PUT', 'team/app', 'v1', 201],
    ['user:pat', 'manifest DELETE', 'team/app', 'v1', 403],
    ['user:dan', 'manifest DELETE', 'team/app', 'v1', 202],
    ['user:root', 'robots POST', undefined, 'ci', 201],
    ['unknown', 'token GET', undefined, undefined, 401],
  ]);
});

test('the audit log gives way to a new one when it is large, and goes on where it was moved away', async () => {
  await using registry = await ClosedRegistry.start();
  const folder = join(registry.folder, 'logs');
  await mkdir(folder);
  const path = join(folder, 'audit.jsonl');
  const lost = () => assert.fail('nothing is lost');
  const audit = new AuditLog({ path, log: silentLog, lost, largest: 200 });
  for (let number = 0; number < 6; number++) {
    audit.write(entry(number));
    await audit.close();
  }
  assert.deepEqual((await readdir(folder)).toSorted(), [
    'audit.jsonl',
    'audit.jsonl.1',
    'audit.jsonl.2',
  ]);
  const all = (await Promise.all(['.2', '.1', ''].map((end) => entries(path + end)))).flat();
  assert.deepEqual(
    all.map(({ status }) => status),
    [0, 1, 2, 3, 4, 5],
  );
});

test('a line that the disk does not take is counted, and holds nobody up', async () => {
  await using registry = await ClosedRegistry.start();
  const file = join(registry.folder, 'file');
  await writeFile(file, '');
  let lost = 0;
  const audit = new AuditLog({
    path: join(file, 'audit.jsonl'),
    log: silentLog,
    lost: () => lost++,
  });
  audit.write(entry(0));
  audit.write(entry(1));
  await audit.close();
  assert.equal(lost, 2);
});

function entry(status: number): AuditEntry {
  const time = new Date().toISOString();
  return { time, who: 'user:a', what: 'x', status, from: undefined, requestId: 'r'.repeat(50) };
}
