import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog, type Log } from '../base/log.ts';
import { startRegistry } from '../server/registry-role.ts';
import { pushBlob } from '../../test/lab/oci-client.ts';
import { writeRandomFile } from '../../test/lab/random-file.ts';
import { agentFor, TestFolder } from './agent-fixture.ts';

async function figuresOf(url: string): Promise<string> {
  return await (await fetch(`${url}/metrics`)).text();
}

suite('what the agent tells of itself', () => {
  test('requests get lines and figures of the same form as the registry’s', async () => {
    await using folder = await TestFolder.make();
    await using registry = await startRegistry({
      host: '127.0.0.1',
      port: 0,
      peerHost: '127.0.0.1',
      peerPort: 0,
      location: path.join(folder.path, 'registry'),
      log: silentLog,
    });
    const blob = await writeRandomFile(path.join(folder.path, 'blob'), 400_000);
    await pushBlob(registry.url, 'team/app', '1', blob);
    const lines: Record<string, unknown>[] = [];
    const log: Log = { ...silentLog, info: (fields) => void lines.push({ ...fields }) };
    const location = path.join(folder.path, 'agent');
    await using agent = await agentFor(new URL(registry.url), location, { log });

    const get = (target: string): Promise<Response> =>
      fetch(agent.url + target, {
        headers: { 'x-request-id': 'pull-1', authorization: 'Basic aHVudGVyMg==' },
      });
    for (let times = 0; times < 2; times++) {
      const answer = await get(`/v2/team/app/blobs/${blob.digest}?token=hunter2`);
      assert.equal(answer.headers.get('x-request-id'), 'pull-1');
      assert.equal((await answer.arrayBuffer()).byteLength, 400_000);
      while (
        !(await figuresOf(agent.url)).includes(`docket_agent_blobs_total{outcome="fetched"} 1`)
      )
        await delay(10);
    }
    assert.equal((await get('/v2/team/app/manifests/none')).status, 404);
    const counted = [
      'docket_agent_http_requests_total{route="blob",method="GET",status="200"} 2',
      'docket_agent_http_requests_total{route="manifest",method="GET",status="404"} 1',
      'docket_agent_blobs_total{outcome="cache"} 1',
      'docket_agent_blobs_total{outcome="fetched"} 1',
      'docket_agent_blobs_total{outcome="failed"} 0',
      'docket_agent_cache_bytes 400000',
    ];
    for (let tries = 0; ; tries++) {
      const text = await figuresOf(agent.url);
      const missing = counted.filter((line) => !text.includes(`\n${line}\n`));
      if (missing.length === 0) break;
      assert.ok(tries < 200, `${missing.join('\n')}\nis not in\n${text}`);
      await delay(10);
    }
    const line = lines.find(({ route }) => route === 'blob');
    assert.equal(line?.['requestId'], 'pull-1');
    assert.equal(line?.['repository'], 'team/app');
    assert.equal(line?.['status'], 200);
    assert.ok(Number(line?.['sent']) > 400_000);
    assert.equal(line?.['path'], `/v2/team/app/blobs/${blob.digest}?token=(hidden)`);
    assert.doesNotMatch(JSON.stringify(lines), /hunter2|aHVudGVyMg/);
  });

  test('it is ready as long as its cache can be written', async () => {
    await using folder = await TestFolder.make();
    const location = path.join(folder.path, 'agent');
    await using agent = await agentFor(new URL('http://127.0.0.1:1'), location);
    const ask = async (): Promise<readonly [number, unknown]> => {
      const answer = await fetch(`${agent.url}/readyz`);
      return [answer.status, await answer.json()];
    };
    assert.deepEqual(await ask(), [200, { status: 'ready' }]);
    await rename(location, `${location}-elsewhere`);
    const reasons = [{ check: 'storage', code: 'ENOENT' }];
    assert.deepEqual(await ask(), [503, { status: 'not ready', reasons }]);
    await rename(`${location}-elsewhere`, location);
    assert.deepEqual(await ask(), [200, { status: 'ready' }]);
  });
});
