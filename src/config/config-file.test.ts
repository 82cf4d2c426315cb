import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ConfigFile } from './config-file.ts';

function refusal(text: string): string {
  try {
    ConfigFile.parse('docket.yaml', text);
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === 'USAGE');
    return error.message;
  }
  throw new Error(`this was taken: ${text}`);
}

suite('a file of settings', () => {
  test('is YAML, or JSON, and knows the place of each value and key', () => {
    const file = ConfigFile.parse(
      'a.yaml',
      'registry:\n  port: 9000\n  tracker:\n    - a:1\n    - b:2\n',
    );
    assert.deepEqual(file.section('registry'), { port: 9000, tracker: ['a:1', 'b:2'] });
    assert.deepEqual(file.section('agent'), {});
    assert.equal(file.placeOf(['registry', 'port']), 'a.yaml:2:9');
    assert.equal(file.placeOfKey(['registry', 'port']), 'a.yaml:2:3');
    assert.equal(file.placeOf(['registry', 'tracker', 1]), 'a.yaml:5:7');
    assert.equal(file.placeOf(['registry', 'tracker', 7]), 'a.yaml:4:5');
    const json = ConfigFile.parse('a.json', '{"agent": {"port": 1}}');
    assert.deepEqual(json.section('agent'), { port: 1 });
    for (const empty of ['', '# nothing\n', '---\n', 'registry:\n']) {
      assert.deepEqual(ConfigFile.parse('a.yaml', empty).section('registry'), {});
    }
  });

  test('that cannot be meant is refused with the place and what was expected', () => {
    assert.match(refusal('registry:\n  port: 1\n port: 2\n'), /^docket\.yaml:3:1: /);
    assert.match(refusal('registry:\n  port: 1\n  port: 2\n'), /^docket\.yaml:3:3: .*unique/);
    assert.match(refusal('registry: {port: 1'), /^docket\.yaml:1:\d+: /);
    assert.match(
      refusal('- registry\n'),
      /^docket\.yaml:1:1: expected the sections registry and agent/,
    );
    assert.match(refusal('registry: 8000\n'), /^docket\.yaml:1:11: registry: expected settings/);
    const unknown = 'docket.yaml:1:1: there is no section "regsitry": did you mean registry?';
    assert.equal(refusal('regsitry:\n  port: 1\n'), unknown);
    assert.match(
      refusal('registry: {a: !!js/function "x"}\n__proto__: {}\n'),
      /no section "__proto__"/,
    );
  });

  test('that stands for a huge value is refused, and so is a huge file', async (t) => {
    const levels = 'abcdefgh'.split('');
    const bomb = levels.map((name, level) => {
      const before = levels[level - 1];
      const inner =
        before === undefined ? '[x,x,x,x,x,x,x,x]' : `[${Array(8).fill(`*${before}`).join(',')}]`;
      return `${name}: &${name} ${inner}\n`;
    });
    assert.match(refusal(bomb.join('')), /alias/i);

    const folder = await mkdtemp(join(tmpdir(), 'docket-config-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'large.yaml');
    await writeFile(path, '#'.repeat(2 ** 20 + 1));
    await assert.rejects(ConfigFile.read(path), {
      message: /large\.yaml: cannot be read: .* 1 MiB/,
    });
    await assert.rejects(ConfigFile.read(join(folder, 'none')), {
      message: /none: there is no such file/,
    });
    await assert.rejects(ConfigFile.read(folder), { message: /cannot be read: EISDIR/ });
  });
});
