import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ConfigError } from './config-error.ts';
import { ConfigFile } from './config-file.ts';
import { readSettings, type Sources } from './read-settings.ts';
import { registrySettings } from './registry-settings.ts';

function read(yaml: string | undefined, env: Sources['env'] = {}) {
  const file = yaml === undefined ? undefined : ConfigFile.parse('d.yaml', yaml);
  return readSettings('registry', registrySettings, { flags: {}, env, file });
}

function problemsOf(yaml: string | undefined, env: Sources['env'] = {}): readonly string[] {
  try {
    read(yaml, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.split('\n');
  }
  return [];
}

suite('settings with parts', () => {
  test('are read from a file, or from JSON in a variable', () => {
    const yaml = `registry:
  webhooks:
    - name: ci
      url: https://ci.example/hook
      secret: hunter2
      actions: [push]
      repositories: team/**
      giveUpAfter: 2h
      backlog: 50
  retention:
    - repositories: ["team/**"]
      keepLast: 0
      keepTags: v*
      deleteUntaggedAfter: 1d
    - repositories: ["**"]
      deleteUntaggedAfter: never
`;
    const { webhooks, retention } = read(yaml).values;
    const day = 24 * 3600_000;
    assert.deepEqual(webhooks, [
      {
        name: 'ci',
        url: 'https://ci.example/hook',
        secret: 'hunter2',
        actions: ['push'],
        repositories: ['team/**'],
        giveUpAfter: day / 12,
        backlog: 50,
      },
    ]);
    assert.deepEqual(retention, [
      { repositories: ['team/**'], keepLast: 0, keepTags: ['v*'], deleteUntaggedAfter: day },
      { repositories: ['**'], deleteUntaggedAfter: 'never' },
    ]);
    const env = {
      DOCKET_REGISTRY_WEBHOOKS: '[{"name":"a","url":"http://a/"}]',
      DOCKET_REGISTRY_RETENTION: '[]',
    };
    const { values } = read(yaml, env);
    assert.deepEqual(values.webhooks, [{ name: 'a', url: 'http://a/' }]);
    assert.deepEqual(values.retention, []);
    assert.match(
      problemsOf(undefined, { DOCKET_REGISTRY_WEBHOOKS: '[{' })[0] ?? '',
      /^DOCKET_REGISTRY_WEBHOOKS: expected a list/,
    );
  });

  test('are refused at the place of each part, which is named', () => {
    const yaml = `registry:
  webhooks:
    - name: a/b
      url: http://user:hunter2@x/
      secrt: hunter2
    - {name: x, url: "http://x/", timeout: soon}
    - {name: x, url: "http://x/", actions: [pull]}
    - {url: "ftp://x/"}
    - {name: x, url: "http://x/", secret: ""}
`;
    const problems = problemsOf(yaml);
    const places = problems.map((problem) => /^\S+ \S+/.exec(problem)?.[0]);
    assert.deepEqual(
      new Set(places),
      new Set([
        'd.yaml:3:13: registry.webhooks.0.name:',
        'd.yaml:4:12: registry.webhooks.0.url:',
        'd.yaml:5:7: registry.webhooks.0:',
        'd.yaml:6:44: registry.webhooks.1.timeout:',
        'd.yaml:7:45: registry.webhooks.2.actions.0:',
        'd.yaml:8:13: registry.webhooks.3.url:',
        'd.yaml:8:7: registry.webhooks.3.name:',
        'd.yaml:9:43: registry.webhooks.4.secret:',
      ]),
    );
    assert.match(problems.join('\n'), /there is no setting "secrt": did you mean secret\?/);
    assert.doesNotMatch(problems.join('\n'), /hunter2/);
    const twice =
      'registry:\n  webhooks: [{name: x, url: "http://x"}, {name: x, url: "http://y"}]\n';
    assert.deepEqual(problemsOf(twice), [
      'd.yaml:2:49: registry.webhooks.1.name: there are two webhooks "x"',
    ]);
    const idle = 'registry: {retention: [{repositories: "**", keepTags: [v*]}]}';
    assert.match(
      problemsOf(idle)[0] ?? '',
      /^d\.yaml:1:23: registry\.retention: retention rule 1 exempts tags/,
    );
  });

  test('take secrets from files, too', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'docket-secret-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'secret');
    await writeFile(path, 'hunter2\n');
    const yaml = `registry:\n  webhooks: [{name: x, url: "http://x", token: {file: ${path}}}]\n`;
    assert.equal(read(yaml).values.webhooks?.[0]?.token, 'hunter2');
    await writeFile(path, '\n');
    assert.match(problemsOf(yaml)[0] ?? '', /registry\.webhooks\.0\.token: .*secret is empty$/);
    await rm(path);
    assert.match(problemsOf(yaml)[0] ?? '', /registry\.webhooks\.0\.token: ENOENT/);
  });
});
