import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ConfigError } from './config-error.ts';
import { ConfigFile } from './config-file.ts';
import { readSettings } from './read-settings.ts';
import { redacted } from './redacted.ts';
import { registrySettings } from './registry-settings.ts';

function read(yaml: string | undefined, flags: Readonly<Record<string, unknown>> = {}) {
  const file = yaml === undefined ? undefined : ConfigFile.parse('d.yaml', yaml);
  return readSettings('registry', registrySettings, { flags, env: {}, file }).values.storage?.s3;
}

function problemOf(yaml: string | undefined, flags: Readonly<Record<string, unknown>> = {}) {
  try {
    read(yaml, flags);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return '';
}

suite('the place of blobs', () => {
  test('is an object in a file', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'docket-storage-'));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'key'), 'hunter2\n');
    const s3 = read(`registry:
  storage:
    s3:
      bucket: images
      prefix: /team/a/
      endpoint: http://s3.example:9000
      region: eu-1
      pathStyle: false
      accessKeyId: docket
      secretAccessKey: {file: ${join(folder, 'key')}}
      cacheSize: 100GB
      partSize: 32MiB
`);
    assert.deepEqual(s3, {
      bucket: 'images',
      prefix: 'team/a/',
      endpoint: 'http://s3.example:9000/',
      region: 'eu-1',
      pathStyle: false,
      credentials: { accessKeyId: 'docket', secretAccessKey: 'hunter2' },
      cacheBytes: 100e9,
      partBytes: 32 * 2 ** 20,
    });
  });

  test('is a URL anywhere', () => {
    const storage =
      's3://images/team?endpoint=https%3A%2F%2Fs3.example&pathStyle=true&cacheSize=1GB';
    const { bucket, prefix, endpoint, pathStyle, cacheBytes } = read(undefined, { storage }) ?? {};
    assert.deepEqual(
      [bucket, prefix, endpoint, pathStyle, cacheBytes],
      ['images', 'team/', 'https://s3.example/', true, 1e9],
    );
    assert.equal(read(undefined, { storage: 's3://images' })?.prefix, '');
    assert.equal(read('registry: {storage: "s3://images/x"}')?.prefix, 'x/');
  });

  for (const [storage, message] of [
    ['http://images/', /expected s3:\/\/BUCKET/],
    ['s3://images/../x//y', /prefix: |^$/],
    ['s3://images?part=1', /part/],
    ['s3://images?partSize=1MB', /partSize: .*from 5MiB/],
    ['s3://images?cacheSize=1MB', /cacheSize: .*64MiB/],
    ['s3://images?endpoint=ftp%3A%2F%2Fx', /endpoint: expected an http/],
    ['s3://images?accessKeyId=a&secretAccessKey=hunter2', /keys do not belong in the URL/],
    ['s3://user:hunter2@images', /expected s3:\/\/BUCKET/],
  ] as const) {
    test(`is refused as ${storage}`, () => {
      const problem = problemOf(undefined, { storage });
      assert.match(problem, message);
      assert.doesNotMatch(problem, /hunter2/);
    });
  }

  test('has both keys or none, and its secret is not shown', () => {
    const yaml = 'registry: {storage: {s3: {bucket: images, secretAccessKey: hunter2}}}';
    assert.match(problemOf(yaml), /belong together/);
    assert.doesNotMatch(problemOf(yaml), /hunter2/);
    const shown = JSON.stringify(redacted({ s3: { secretAccessKey: 'hunter2' } }));
    assert.doesNotMatch(shown, /hunter2/);
    assert.match(problemOf('registry: {storage: {s3: {bucket: images, buckt: x}}}'), /buckt/);
    assert.match(problemOf('registry: {storage: {}}'), /s3/);
  });
});
