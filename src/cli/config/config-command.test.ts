import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { runCli, runInProcess, startCli } from '../cli-fixture.ts';
import { testFolder } from '../image/image-fixtures.ts';

async function fileOf(t: TestContext, text: string): Promise<string> {
  const file = path.join(await testFolder(t), 'docket.yaml');
  await writeFile(file, text);
  return file;
}

const yaml = `registry:
  rate: 100MB/s
  tracker: ["udp://t.example:6969", "b:1"]
agent:
  registry: http://user:hunter2@registry:8000
`;

suite('docket config', () => {
  test('shows each value and where it comes from', async (t) => {
    const file = await fileOf(t, yaml);
    const env = { DOCKET_REGISTRY_ADVERTISE: 'registry.example' };
    const words = ['config', 'show', 'registry', '--config', file, '-p', '9000'];
    const { code, stdout, stderr } = await runInProcess(words, env);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^SETTING +VALUE +FROM\n/);
    assert.match(stdout, /^registry\.port +9000 +--port$/m);
    assert.match(stdout, /^registry\.advertise +registry\.example +DOCKET_REGISTRY_ADVERTISE$/m);
    assert.match(stdout, /^registry\.tracker +udp:\/\/t\.example:6969, b:1 +\S+:3:12$/m);
    assert.match(stdout, /^registry\.logLevel +info +default$/m);
    assert.match(stdout, /^registry\.peerBind +\(all\) +default$/m);
    assert.doesNotMatch(stdout, /^agent/m);
  });

  test('shows both roles as JSON, without what nobody may see', async (t) => {
    const file = await fileOf(t, yaml);
    const { code, stdout } = await runInProcess(['config', 'show', '--json'], {
      DOCKET_CONFIG: file,
    });
    assert.equal(code, 0);
    const shown = JSON.parse(stdout) as {
      file: string;
      settings: Record<string, Record<string, unknown>>;
    };
    assert.equal(shown.file, file);
    const place = `${file}:2:9`;
    assert.deepEqual(shown.settings['registry']?.['rate'], {
      value: '100MB/s',
      source: 'file',
      place,
    });
    assert.deepEqual(shown.settings['agent']?.['zone'], { value: null, source: 'default' });
    assert.doesNotMatch(stdout, /hunter2/);
    const one = await runInProcess(['config', 'show', 'agent', '--json', '--config', file]);
    assert.deepEqual(Object.keys((JSON.parse(one.stdout) as typeof shown).settings), ['agent']);
  });

  test('checks a file', async (t) => {
    const right = await fileOf(t, yaml);
    assert.deepEqual(await runInProcess(['config', 'check', right]), {
      code: 0,
      stdout: '',
      stderr: `${right}: all is right\n`,
    });
    const wrong = await fileOf(t, 'registry: {port: x}\nagent: {prot: 1}\n');
    const checked = await runInProcess(['config', 'check', wrong]);
    assert.equal(checked.code, 2);
    assert.equal(checked.stdout, '');
    const [first, second] = checked.stderr.split('\n');
    assert.match(first ?? '', /^Error: .*:1:18: registry\.port: "x" is not a port/);
    assert.match(second ?? '', /:2:9: agent: there is no setting "prot": did you mean port\?$/);
  });

  test('a role takes its settings from a file, and refuses one that is wrong before anything else', async (t) => {
    const folder = await testFolder(t);
    const settings = `registry:
  bind: 127.0.0.1
  port: 0
  peerPort: 0
  peerBind: 127.0.0.1
  location: ${folder}/registry
  logLevel: error
`;
    const registry = startCli(t, ['registry'], { DOCKET_CONFIG: await fileOf(t, settings) });
    await registry.line(/^docket registry ready: http:\/\/127\.0\.0\.1:\d+ peers \d+$/m);
    registry.child.kill('SIGTERM');
    assert.equal((await registry.ended).code, 0);

    const wrong = await fileOf(t, 'registry: {port: x}\n');
    const refused = await runCli(t, ['registry', '--config', wrong, '-l', '/proc/none']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /:1:18: registry\.port/);
    const none = await runCli(t, ['agent', '--config', '/nowhere.yaml', '--registry', 'x']);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /^Error: \/nowhere\.yaml: there is no such file/);
  });
});
