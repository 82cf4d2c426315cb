import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runInProcess } from '../../src/cli/cli-fixture.ts';
import { sha256Of } from '../../src/oci/digest.ts';
import { imageDocument } from '../../src/registry/registry-testing.ts';
import { jsonOf, RegistryUnderTest } from '../conformance/registry-under-test.ts';
import type { RegistryOptions } from '../../src/server/registry-role.ts';

const config = Buffer.from('{}');
const layer = Buffer.from('a layer');
const json = { 'Content-Type': 'application/json' };

async function start(options: Partial<RegistryOptions> = {}): Promise<RegistryUnderTest> {
  const location = await mkdtemp(join(tmpdir(), 'docket-gc-'));
  return await RegistryUnderTest.start({ location, ...options }, () =>
    rm(location, { recursive: true, force: true }),
  );
}

function imageOf(text: string): object {
  return { ...imageDocument(config, layer), annotations: { text } };
}

async function pushImages(registry: RegistryUnderTest, ...tags: readonly string[]): Promise<void> {
  for (const bytes of [config, layer]) await registry.pushBlob('team/app', bytes);
  for (const tag of tags) await registry.pushManifest('team/app', tag, imageOf(tag));
}

function linesOf(body: Buffer): readonly Record<string, unknown>[] {
  const lines = body
    .toString()
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a registry says what a collection would remove, removes it, and with a blob all that was of it', async () => {
  await using registry = await start();
  await pushImages(registry, 'v1');
  const digest = sha256Of(layer);
  const torrent = `/v2/team/app/_docket/torrents/${digest}`;
  await registry.expect(200, 'GET', torrent);
  await registry.expect(202, 'DELETE', `/v2/team/app/manifests/v1`);
  const collect = async (body: object) => {
    const call = { body: JSON.stringify(body), headers: json };
    return linesOf((await registry.expect(200, 'POST', '/api/v1/gc', call)).body);
  };
  assert.deepEqual(
    (await collect({})).map((line) => line['kind']),
    ['summary'],
  );
  const dry = await collect({ dryRun: true, grace: 0 });
  assert.deepEqual(
    dry.map(({ kind, reason }) => [kind, reason]),
    [
      ['manifest', 'untagged'],
      ['blob', 'unreferenced'],
      ['blob', 'unreferenced'],
      ['summary', undefined],
    ],
  );
  await registry.expect(200, 'HEAD', `/v2/team/app/blobs/${digest}`);
  const gone = await collect({ grace: 0 });
  assert.deepEqual(
    gone.map(({ kind }) => kind),
    ['manifest', 'blob', 'blob', 'repository', 'summary'],
  );
  await registry.expect(404, 'GET', `/v2/team/app/blobs/${digest}`);
  await registry.expect(404, 'GET', torrent);
  await registry.expect(404, 'GET', '/v2/team/app/tags/list');
});

test('a request for a collection that makes no sense, or comes from a web page, is refused', async () => {
  await using registry = await start();
  await registry.refuses(400, 'REQUEST_INVALID', 'POST', '/api/v1/gc', {
    body: '{}',
    headers: { 'Content-Type': 'text/plain' },
  });
  for (const body of ['', '[]', '{"dryRun":1}', '{"grace":-1}', '{"grace":"1d"}', '{"dry":true}']) {
    await registry.refuses(400, 'REQUEST_INVALID', 'POST', '/api/v1/gc', { body, headers: json });
  }
});

test('where nothing can be deleted over HTTP, a collection can only be tried', async () => {
  await using registry = await start({ deletes: false });
  await registry.refuses(405, 'UNSUPPORTED', 'POST', '/api/v1/gc', { body: '{}', headers: json });
  const body = '{"dryRun":true}';
  await registry.expect(200, 'POST', '/api/v1/gc', { body, headers: json });
});

test('garbage is collected at intervals, by the rules', async () => {
  await using registry = await start({
    gcInterval: 50,
    retention: {
      grace: 60_000,
      rules: [{ repositories: ['team/*'], keepLast: 1, keepTags: ['v*'] }],
    },
  });
  await pushImages(registry, 'v1', 'a', 'b');
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { tags } = jsonOf(await registry.expect(200, 'GET', '/v2/team/app/tags/list'));
    if (tags.length === 2) {
      assert.deepEqual(tags, ['b', 'v1']);
      break;
    }
    assert.ok(Date.now() < deadline, 'nothing was collected');
  }
});

test('images are listed page by page', async () => {
  await using registry = await start();
  await pushImages(registry, '1', '2', '3');
  await registry.pushBlob('team', config);
  await registry.pushBlob('team', layer);
  await registry.pushManifest('team', '1', imageOf('1'));
  const walked: string[] = [];
  for (let path: string | undefined = '/api/v1/images?n=2'; path !== undefined;) {
    const answer = await registry.expect(200, 'GET', path);
    const { images } = jsonOf(answer);
    assert.ok(images.length <= 2);
    for (const { repository, tag } of images) walked.push(`${repository}:${tag}`);
    path = /<(.*)>; rel="next"/.exec(String(answer.headers['link'] ?? ''))?.[1];
  }
  assert.deepEqual(walked, ['team:1', 'team/app:1', 'team/app:2', 'team/app:3']);
  assert.deepEqual(jsonOf(await registry.expect(200, 'GET', '/api/v1/images?n=0')), { images: [] });
  await registry.expect(400, 'GET', '/api/v1/images?last=x');
});

test('docket gc asks a registry, in words or as JSON', async () => {
  await using registry = await start();
  await pushImages(registry, 'v1');
  await registry.expect(202, 'DELETE', `/v2/team/app/manifests/v1`);
  const dry = await runInProcess(['gc', '-h', registry.url, '--dry-run', '--grace', '0']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /^manifest team\/app@[0-9a-f]+: no tag, last in use/m);
  assert.match(dry.stdout, /^Would remove 1 manifest, 2 blobs; \d+ B would be free\.$/m);
  const real = await runInProcess(['gc', '-h', registry.url, '--grace', '0', '--json']);
  assert.equal(real.code, 0, real.stderr);
  const report = JSON.parse(real.stdout) as {
    readonly items: readonly { readonly kind: string }[];
    readonly summary: { readonly counts: object };
  };
  assert.equal(report.items.length, 4);
  assert.deepEqual(report.summary.counts, {
    tag: 0,
    manifest: 1,
    blob: 2,
    upload: 0,
    file: 0,
    repository: 1,
  });
  const nothing = await runInProcess(['gc', '-h', registry.url, '--json']);
  assert.deepEqual(
    (JSON.parse(nothing.stdout) as { readonly items: readonly unknown[] }).items,
    [],
  );
});

test('docket gc -l collects in a folder by its settings, but not while a registry runs on it', async () => {
  const location = await mkdtemp(join(tmpdir(), 'docket-gc-'));
  try {
    const settings = join(location, 'docket.yaml');
    await writeFile(
      settings,
      'registry:\n  gcGrace: 0s\n  retention:\n    - repositories: ["**"]\n      keepLast: 1\n',
    );
    const command = ['gc', '-l', location, '--config', settings];
    {
      await using registry = await RegistryUnderTest.start({ location }, async () => {});
      await pushImages(registry, 'a', 'b');
      const locked = await runInProcess(command);
      assert.equal(locked.code, 1);
      assert.match(locked.stderr, /in use by another docket process/);
    }
    const { code, stdout, stderr } = await runInProcess(command);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^tag team\/app:a: not among those that retention rule 1 keeps, pushed/m);
    assert.match(stdout, /^Removed 1 tag, 1 manifest; \d+ B are free\.$/m);
  } finally {
    await rm(location, { recursive: true, force: true });
  }
});

test('a grace that is none, and a folder together with a registry, are wrong usage', async () => {
  for (const options of [
    ['--grace', 'soon'],
    ['-l', '/tmp/x', '-h', 'x'],
    ['--config', 'x'],
  ]) {
    const { code } = await runInProcess(['gc', ...options]);
    assert.equal(code, 2, options.join(' '));
  }
});
