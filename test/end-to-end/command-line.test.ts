import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { runDocket } from '../lab/docket-client.ts';
import { docket, startAgent, startRegistry } from '../lab/docket.ts';
import { makeImage } from '../lab/image.ts';
import { Lab } from '../lab/lab.ts';
import { digestOfFile } from '../lab/random-file.ts';

test('an image goes from a folder to the registry and, through the swarm, into a folder', async (t) => {
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab);
  const image = await makeImage(lab, 'image', [3_000_000, 1_000_000], { runnable: false });
  const options = ['-h', 'http://127.0.0.1', '-p', String(registry.port)];
  options.push('-l', join(lab.folder, 'client'));
  const client = (...command: readonly string[]): Promise<string> =>
    runDocket(lab, [...options, ...command]);

  const printed = await client('push', '--from', image.layout, 'team/app');
  assert.equal(printed, `team/app@${image.digest}\n`);
  assert.match(await client('images'), /^team\/app +latest +/m);

  const before = await registry.sent();
  const folder = await lab.newFolder('out');
  await client('pull', '-o', `${folder}/`, 'team/app');
  for (const blob of [image.config, ...image.layers]) {
    const written = join(folder, 'blobs', 'sha256', blob.digest.slice('sha256:'.length));
    assert.equal(await digestOfFile(written), blob.digest);
  }
  assert.ok((await readFile(join(folder, 'index.json'), 'utf8')).includes(image.digest));
  const after = await registry.sent();
  assert.ok(after.peers > before.peers, 'the pull took nothing from the swarm');
});

test('a failed step ends with a code and a sentence that says what is wrong', async (t) => {
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab);
  const failing = async (...command: readonly string[]): Promise<string> => {
    const program = lab.start([...docket, '-l', join(lab.folder, 'client'), ...command], {
      environment: { DOCKER_HOST: `unix://${lab.folder}/none.sock` },
    });
    const { code } = await program.ended;
    assert.ok(code !== null && code > 0, `it ended with ${code}${program.report()}`);
    assert.equal(program.stdout, '', 'standard output is for what was asked for');
    assert.doesNotMatch(program.stderr, /^ +at /m, 'a stack trace tells the user nothing');
    return program.stderr;
  };
  const url = registry.url;
  assert.match(
    await failing('-h', url, 'pull', '-o', `${lab.folder}/x.tar`, 'no/such'),
    /no\/such/,
  );
  assert.match(await failing('-h', 'http://127.0.0.1:9', 'images'), /127\.0\.0\.1:9/);
  assert.match(await failing('-h', url, 'push', 'app:1'), /none\.sock/);
  assert.match(await failing('-h', url, 'push', '--from', `${lab.folder}/none`, 'app:1'), /none/);
  assert.match(await failing('-h', url, 'push', 'Not A Name'), /Not A Name/);
  const folder = join(lab.folder, 'second');
  const taken = ['--location', folder, '--bind', '127.0.0.1', '--port', String(registry.port)];
  assert.match(await failing('registry', ...taken), new RegExp(String(registry.port)));
});

test('two roles do not share one folder', async (t) => {
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab);
  const agent = await startAgent(lab, { registry: registry.url });
  for (const role of [registry, agent]) {
    const rest = role === registry ? ['registry'] : ['agent', '--registry', registry.url];
    const flags = ['--bind', '127.0.0.1', '--port', '0', '--peer-port', '0'];
    const second = lab.start([...docket, ...rest, '--location', role.location, ...flags]);
    const { code } = await second.ended;
    assert.ok(code !== null && code > 0, second.report());
    assert.ok(second.stderr.includes(role.location), second.report());
  }
});
