import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { digestHex, sha256Of, type Digest } from '../../src/oci/digest.ts';
import { Registry } from '../../src/registry/registry.ts';
import { FolderIdentity } from '../../src/storage/folder-identity.ts';
import { openBlobStore } from '../../src/storage/open-blob-store.ts';
import { openSqliteCatalog } from '../../src/storage/sql-catalog.ts';
import { docket, startAgent, startRegistry } from '../lab/docket.ts';
import { eventually } from '../lab/eventually.ts';
import { FaultProxy } from '../lab/fault-proxy.ts';
import { Lab } from '../lab/lab.ts';
import { pull, pushBlob } from '../lab/oci-client.ts';
import { Program } from '../lab/program.ts';
import { writeRandomFile } from '../lab/random-file.ts';
import { leastPart } from './s3-place.ts';
import { withSwift } from './with-swift.ts';

withSwift('a registry on S3', (swift) => {
  /** A lab, a place of its own behind a proxy, and the environment that has a registry use it. */
  const prepare = async (t: TestContext) => {
    const lab = await Lab.open(t);
    const proxy = await FaultProxy.start(swift().endpoint);
    lab.defer(() => proxy[Symbol.asyncDispose]());
    const s3 = swift().place({ endpoint: proxy.endpoint, partBytes: leastPart });
    const { bucket, prefix, endpoint, credentials } = s3;
    const settings = { bucket, prefix, endpoint, partSize: '5MiB' };
    const environment = {
      DOCKET_REGISTRY_STORAGE: JSON.stringify({ s3: settings }),
      AWS_ACCESS_KEY_ID: credentials?.accessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? '',
    };
    const location = await lab.newFolder('registry');
    return { lab, proxy, s3, environment, location };
  };

  /** Everything that nobody needs is given up, as if it were two days later. */
  const collect = async (location: string, s3: Parameters<typeof openBlobStore>[1]['s3']) => {
    const identity = await FolderIdentity.open(location);
    await using store = await openBlobStore(identity, { s3 }, systemClock);
    await using catalog = await openSqliteCatalog(join(location, 'catalog.db'), Date.now);
    const registry = new Registry({ store, catalog, log: silentLog });
    await registry.uploads.sweep(Date.now() + 48 * 3600_000);
    await registry.blobs.sweep();
    await registry.close();
  };

  test('seeds from it, and reads each byte from there once for many hosts', async (t) => {
    const { lab, proxy, environment, location } = await prepare(t);
    const registry = await startRegistry(lab, { location, environment });
    const blob = await writeRandomFile(join(lab.folder, 'blob'), 11_000_000);
    const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
    const agents = await Promise.all(
      ['one', 'two', 'three'].map((name) => startAgent(lab, { name, registry: registry.url })),
    );
    for (const body of await Promise.all(agents.map((agent) => pull(agent.url, pushed, '1')))) {
      assert.equal(body.digest, blob.digest);
    }
    assert.equal((await pull(registry.url, pushed, '1')).digest, blob.digest);
    assert.ok((await registry.sent()).peers > 0);
    assert.equal(proxy.count('GET', blob.digest.slice('sha256:'.length)), 3);
  });

  test('killed while it receives goes on from what it answered', async (t) => {
    const { lab, s3, environment, location } = await prepare(t);
    const bytes = randomBytes(leastPart + 3_000_000);
    const first = await startRegistry(lab, { location, environment, name: 'first' });
    const upload = await begin(first.url);
    const sent = bytes.subarray(0, leastPart + 1_000_000);
    assert.equal((await patch(first.url, upload, sent)).status, 202);
    await first.program.kill();
    const second = await startRegistry(lab, { location, environment, name: 'second' });
    const status = await fetch(second.url + upload);
    assert.equal(status.headers.get('range'), `0-${sent.length - 1}`);
    assert.equal((await patch(second.url, upload, bytes.subarray(sent.length))).status, 202);
    const digest = sha256Of(bytes);
    const done = await fetch(`${second.url}${upload}?digest=${digest}`, { method: 'PUT' });
    assert.equal(done.status, 201, await done.text());
    const blob = await fetch(`${second.url}/v2/team/app/blobs/${digest}`);
    assert.deepEqual(Buffer.from(await blob.arrayBuffer()), bytes);
    const { objects } = await swift().look(s3);
    assert.deepEqual(objects.toSorted(), [objectOf(digest), 'docket.id']);
  });

  for (const [when, holds] of [
    ['while it sends a part', ({ method, path }) => method === 'PUT' && path.includes('/00001')],
    [
      'while it puts a blob together',
      ({ method, path }) => method === 'POST' && path.includes('uploadId='),
    ],
  ] as const satisfies readonly (readonly [string, FaultProxy['holds']])[]) {
    test(`killed ${when} it leaves nothing that is not collected`, async (t) => {
      const { lab, proxy, s3, environment, location } = await prepare(t);
      const registry = await startRegistry(lab, { location, environment });
      const upload = await begin(registry.url);
      proxy.holds = holds;
      const bytes = randomBytes(2 * leastPart + 1000);
      const sending = patch(registry.url, upload, bytes)
        .then(() => fetch(`${registry.url}${upload}?digest=${sha256Of(bytes)}`, { method: 'PUT' }))
        .catch(() => {});
      await eventually(
        'the store to have a part, and to be asked for the rest',
        async () =>
          proxy.held > 0 &&
          (await swift().look(s3)).objects.some((name) => name.endsWith('/00000')),
      );
      await registry.program.kill();
      await sending;
      proxy.holds = () => false;
      await collect(location, s3);
      assert.deepEqual(await swift().look(s3), { objects: ['docket.id'], unfinished: [] });
    });
  }

  test('is verified and cleaned without running, and refuses to run without its store', async (t) => {
    const { lab, s3, environment, location } = await prepare(t);
    const registry = await startRegistry(lab, { location, environment });
    const blob = await writeRandomFile(join(lab.folder, 'blob'), 50_000);
    const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
    await registry.program.stop();
    const run = async (...words: readonly string[]) => {
      await using program = new Program([...docket, ...words], { environment });
      const { code } = await program.ended;
      return { code, text: program.stdout + program.stderr };
    };
    const good = await run('verify', '-l', location);
    assert.equal(good.code, 0, good.text);
    const digest = blob.digest as Digest;
    await swift().change(s3, objectOf(digest), randomBytes(50_000));
    const bad = await run('verify', '-l', location);
    assert.equal(bad.code, 5, bad.text);
    const names = (await swift().look(s3)).objects;
    assert.ok(names.includes(`quarantine/${digest.replace(':', '-')}`));
    assert.ok(!names.includes(objectOf(digest)));

    await using plain = new Program([...docket, 'registry', '-l', location, '-p', '0']);
    assert.notEqual((await plain.ended).code, 0);
    assert.match(plain.stderr, /keeps its blobs in s3:\/\/docket\//);

    const again = await startRegistry(lab, { location, environment, name: 'again' });
    assert.equal((await fetch(`${again.url}/v2/team/app/blobs/${digest}`)).status, 404);
    await pushBlob(again.url, 'team/app', '1', blob);
    assert.equal((await pull(again.url, pushed, '1')).digest, digest);
    assert.ok(!(await swift().look(s3)).objects.some((name) => name.startsWith('quarantine/')));
    await fetch(`${again.url}/v2/team/app/manifests/1`, { method: 'DELETE' });
    await again.program.stop();
    const collected = await run('gc', '-l', location, '--grace', '0');
    assert.match(collected.text, /Removed 1 manifest, 2 blobs, 1 repository/);
    assert.deepEqual((await swift().look(s3)).objects, ['docket.id']);
    assert.equal(await readFile(join(location, 'docket.s3'), 'utf8'), `s3://docket/${s3.prefix}\n`);
  });
});

async function begin(url: string): Promise<string> {
  const answer = await fetch(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST' });
  assert.equal(answer.status, 202);
  return new URL(answer.headers.get('location') ?? '', url).pathname;
}

function patch(url: string, upload: string, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(url + upload, { method: 'PATCH', body });
}

function objectOf(digest: Digest): string {
  const hex = digestHex(digest);
  return `blobs/sha256/${hex.slice(0, 2)}/${hex}`;
}
