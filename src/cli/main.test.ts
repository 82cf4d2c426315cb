import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startAgent } from '../agent/agent-role.ts';
import { silentLog } from '../base/log.ts';
import { seededRandom } from '../base/random.ts';
import { registryFixture, runCli, runInProcess, startCli } from './cli-fixture.ts';
import { EngineFixture, type EngineBehaviour } from './engine/engine-fixture.ts';
import {
  fixtureImage,
  LayoutFixture,
  oldDockerEntries,
  tarOf,
  testFolder,
  type FixtureImage,
} from './image/image-fixtures.ts';

const digestLine = /^team\/app@sha256:[0-9a-f]{64}\n$/;

/** Text that compresses badly: a layer of it goes over the swarm. */
function noise(length: number, seed: number): string {
  const random = seededRandom(seed);
  return Buffer.from(Array.from({ length }, () => random() * 256)).toString('latin1');
}

async function engineWith(
  t: TestContext,
  behaviour: EngineBehaviour = {},
): Promise<{ engine: EngineFixture; image: FixtureImage; env: Record<string, string> }> {
  const image = await fixtureImage(['small', noise(400_000, 1), noise(300_000, 2)]);
  const engine = await EngineFixture.start(t, behaviour);
  const tar = await tarOf(oldDockerEntries(image, ['team/app:1']));
  engine.add('team/app:1', image.id, tar);
  engine.add('team/app:latest', image.id, tar);
  return { engine, image, env: { DOCKER_HOST: engine.address } };
}

/** A registry that holds `team/app:1`, and a folder for clients. */
async function registryWithImage(t: TestContext, rate?: number) {
  const { image, env } = await engineWith(t);
  const registry = await registryFixture(t, rate);
  const location = path.join(registry.folder, 'client');
  const client = ['-h', registry.url, '-l', location];
  const pushed = await runInProcess([...client, 'push', '-q', 'team/app:1'], env);
  assert.deepEqual({ ...pushed, stdout: '' }, { code: 0, stdout: '', stderr: '' });
  return { ...registry, image, client, location, digest: pushed.stdout };
}

suite('push, images and pull', { concurrency: 4 }, () => {
  test('an image goes from one engine to another, keeping its ID', async (t) => {
    const { engine, image, env } = await engineWith(t);
    const { port, folder } = await registryFixture(t);
    const location = path.join(folder, 'client');
    // Once with all options in front of the verb, once with all behind it, and no tag means latest.
    const first = await runCli(
      t,
      ['-h', '127.0.0.1', '-p', port, '-l', location, 'push', 'team/app:1'],
      env,
    );
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, digestLine);
    assert.match(first.stderr, /[0-9a-f]{12}: Pushed\n/);
    const second = await runCli(
      t,
      ['push', 'team/app', '-h', 'http://127.0.0.1', '-p', port, '-l', location],
      env,
    );
    assert.equal(second.code, 0, second.stderr);
    assert.equal(second.stdout, first.stdout);
    assert.doesNotMatch(second.stderr, /: Pushed/);

    const settings = { DOCKET_HOST: `127.0.0.1:${port}`, DOCKET_LOCATION: location };
    const list = await runCli(t, ['images'], settings);
    assert.match(
      list.stdout,
      /^REPOSITORY +TAG +DIGEST +SIZE +PUSHED\nteam\/app +1 +[0-9a-f]{12} .*\nteam\/app +latest .*\n$/,
    );
    const digest = first.stdout.trim().split('@')[1] ?? '';
    assert.equal((await runCli(t, ['images', '-q'], settings)).stdout, `${digest}\n`);
    const json = JSON.parse((await runCli(t, ['images', '--format', 'json'], settings)).stdout) as {
      images: { tag: string; digest: string }[];
    };
    assert.deepEqual(
      json.images.map((one) => [one.tag, one.digest]),
      [
        ['1', digest],
        ['latest', digest],
      ],
    );

    const other = await EngineFixture.start(t);
    const pulled = await runCli(t, ['pull', 'team/app:1'], {
      ...settings,
      DOCKER_HOST: other.address,
    });
    assert.equal(pulled.code, 0, pulled.stderr);
    assert.equal(pulled.stdout, first.stdout);
    assert.match(pulled.stderr, /Pull complete .* from peers\)/);
    assert.equal(other.idOf('team/app:1'), image.id);
    assert.equal(other.loaded.length, 1);

    // Also where nothing is to be pulled, every option is looked at first.
    const wrong: readonly (readonly [code: number, ...options: string[]])[] = [
      [2, '--rate', 'bogus'],
      [2, '--rate', '9kB/s'],
      [2, '--platform', 'bogus//'],
      [2, '--agent', 'ftp://x'],
      [1, '--agent', 'http://127.0.0.1:9'],
    ];
    for (const [code, ...options] of wrong) {
      const refused = await runInProcess(['pull', 'team/app:1', ...options], {
        ...settings,
        DOCKER_HOST: other.address,
      });
      assert.equal(refused.code, code, `${options.join(' ')}: ${refused.stderr}`);
    }

    // The engine has it: nothing is loaded again, but it gets its further name.
    const again = await runCli(t, ['pull', 'team/app'], {
      ...settings,
      DOCKER_HOST: other.address,
    });
    assert.equal(again.code, 0, again.stderr);
    assert.equal(again.stdout, first.stdout);
    assert.equal(other.loaded.length, 1);
    assert.equal(other.idOf('team/app:latest'), image.id);
    assert.equal(engine.loaded.length, 0);
  });

  test('what is pulled as a tar or layout can be pushed with the same digest', async (t) => {
    const { folder, client, digest } = await registryWithImage(t);
    const tar = path.join(folder, 'out.tar');
    const layout = path.join(folder, 'layout');
    for (const output of [tar, `${layout}/`, layout]) {
      const pulled = await runInProcess([...client, 'pull', '-q', '-o', output, 'team/app:1']);
      assert.deepEqual(pulled, { code: 0, stdout: digest, stderr: '' });
    }
    for (const from of [tar, layout]) {
      const pushed = await runInProcess([...client, 'push', '-q', '--from', from, 'team/app:2']);
      assert.deepEqual(pushed, { code: 0, stdout: digest, stderr: '' });
    }
    const index = JSON.parse(await readFile(path.join(layout, 'index.json'), 'utf8')) as {
      manifests: unknown[];
    };
    assert.equal(index.manifests.length, 1);
    assert.deepEqual((await readdir(folder)).sort(), ['client', 'layout', 'out.tar', 'registry']);
  });

  test('an image is pulled by its digest, and gets no name', async (t) => {
    const { client, digest, image } = await registryWithImage(t);
    const engine = await EngineFixture.start(t);
    const pulled = await runInProcess([...client, 'pull', digest.trim()], {
      DOCKER_HOST: engine.address,
    });
    assert.equal(pulled.code, 0, pulled.stderr);
    assert.equal(pulled.stdout, digest);
    assert.equal(engine.idOf(image.id), image.id);
    assert.equal(engine.idOf('team/app:latest'), undefined);
  });

  test('of an index, the image for the platform is pulled, and the name stands for the index', async (t) => {
    const { client, folder } = await registryWithImage(t);
    const layout = new LayoutFixture();
    const images = ['amd64', 'arm64'].map((architecture) =>
      layout.image(
        [`for ${architecture}`],
        { platform: { os: 'linux', architecture } },
        architecture,
      ),
    );
    const root = layout.index(images);
    const from = path.join(folder, 'index');
    await layout.roots([root]).writeTo(from);
    const pushed = await runInProcess([...client, 'push', '-q', '--from', from, 'team/app:many']);
    assert.equal(pushed.stdout, `team/app@${root.digest}\n`, pushed.stderr);
    const output = path.join(folder, 'arm');
    const command = [...client, 'pull', '-q', '-o', `${output}/`, 'team/app:many', '--platform'];
    const pulled = await runInProcess([...command, 'linux/arm64']);
    assert.equal(pulled.stdout, pushed.stdout, pulled.stderr);
    const index = await readFile(path.join(output, 'index.json'), 'utf8');
    assert.ok(index.includes(images[1]?.digest ?? 'none'));
    const absent = await runInProcess([...command, 'linux/s390x']);
    assert.equal(absent.code, 3);
    assert.match(absent.stderr, /linux\/amd64, linux\/arm64/);
  });

  test('neither push nor pull leaves an image behind in the folder', async (t) => {
    const { client, location, folder } = await registryWithImage(t);
    const output = path.join(folder, 'x.tar');
    const pulled = await runInProcess([...client, 'pull', '-q', '-o', output, 'team/app:1']);
    assert.equal(pulled.code, 0, pulled.stderr);
    const entries = await readdir(location, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    assert.deepEqual(files.sort(), ['docket.lock', 'layers.json']);
    assert.equal((await stat(location)).mode & 0o777, 0o700);
  });

  test('two pulls at once do not disturb each other', async (t) => {
    const { client, folder, digest } = await registryWithImage(t);
    const pulls = ['a.tar', 'b.tar', 'c.tar'].map((name) =>
      runCli(t, [...client, 'pull', '-q', '-o', path.join(folder, name), 'team/app:1']),
    );
    for (const pulled of await Promise.all(pulls)) {
      assert.deepEqual(pulled, { code: 0, stdout: digest, stderr: '' });
    }
  });

  test('a pull takes nothing of peers outside the networks that were named', async (t) => {
    const { client, folder, digest } = await registryWithImage(t);
    const pull = async (...networks: readonly string[]) => {
      const options = networks.flatMap((network) => ['--peers-from', network]);
      const output = path.join(folder, `${networks.length}.tar`);
      return await runInProcess([...client, 'pull', 'team/app:1', '-o', output, ...options]);
    };
    const inside = await pull('127.0.0.0/8');
    assert.match(inside.stderr, /Pull complete .* from peers\)/);
    const outside = await pull('10.0.0.0/8', 'fd00::/8');
    assert.deepEqual([outside.code, outside.stdout], [0, digest]);
    assert.doesNotMatch(outside.stderr, /[1-9][\d.]* [kM]?B from peers/);
  });

  test("the host's agent is used when it serves the same registry", async (t) => {
    const { client, folder, url, digest } = await registryWithImage(t);
    const agent = await startAgent({
      registry: url,
      port: 0,
      peerHost: '127.0.0.1',
      peerPort: 0,
      location: path.join(folder, 'agent'),
      log: silentLog,
    });
    t.after(() => agent.close());
    const output = path.join(folder, 'x.tar');
    const pull = [...client, 'pull', '-o', output, 'team/app:1', '--agent'];
    const pulled = await runCli(t, [...pull, agent.url]);
    assert.equal(pulled.code, 0, pulled.stderr);
    assert.equal(pulled.stdout, digest);
    assert.match(pulled.stderr, /through the agent/);
    // The agent keeps them, some moments after it has handed them out.
    const blobs = path.join(folder, 'agent', 'blobs', 'sha256');
    while ((await readdir(blobs)).length < 4) await delay(20);

    const absent = await runCli(t, [...pull, 'http://127.0.0.1:1']);
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /no agent answers/);
    const other = await registryFixture(t);
    const foreign = await runCli(t, [...pull, agent.url, '-h', other.url]);
    assert.notEqual(foreign.code, 0);
  });

  test('an interrupted pull ends with 130, leaves no output, and is gone on with later', async (t) => {
    const { client, folder, digest, location } = await registryWithImage(t);
    const output = path.join(folder, 'x.tar');
    const pull = [...client, 'pull', '-o', output, 'team/app:1'];
    const running = startCli(t, [...pull, '--rate', '300kB/s']);
    const partial = path.join(location, 'cache', 'partial');
    const isUnderWay = async (): Promise<boolean> =>
      (await readdir(partial).catch(() => [])).some((name) => !name.endsWith('.plain'));
    while (!(await isUnderWay())) await delay(20);
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, 130, stderr);
    assert.equal(stdout, '');
    assert.deepEqual((await readdir(folder)).sort(), ['client', 'registry']);
    assert.ok(await isUnderWay());
    const later = await runCli(t, pull);
    assert.equal(later.code, 0, later.stderr);
    assert.equal(later.stdout, digest);
  });

  test('seeding goes on for the time, or until interrupted, and neither is a failure', async (t) => {
    const { client, folder, digest } = await registryWithImage(t);
    const pull = [...client, 'pull', '-o', path.join(folder, 'x.tar')];
    const short = await runCli(t, [...pull, 'team/app:1', '--seed', '300ms']);
    assert.equal(short.code, 0, short.stderr);
    assert.match(short.stderr, /Seeding for 0\.3s\nSeeding ended/);
    const endless = startCli(t, [...pull, '--seed', 'team/app:1']);
    await endless.line(/Seeding until interrupted/);
    endless.child.kill('SIGINT');
    const { code, stdout } = await endless.ended;
    assert.deepEqual({ code, stdout }, { code: 0, stdout: digest });
  });
});

suite('a step that fails', { concurrency: 4 }, () => {
  const failing: Readonly<Record<string, EngineBehaviour>> = {
    'an engine that tells a failure with status 200': {
      loadAnswer: '{"errorDetail":{"message":"no space left"},"error":"no space left"}\n',
    },
    'an engine that says it loaded, but did not': { loadAnswer: '{"stream":"Loaded image"}\n' },
    'an engine that breaks the connection': { loadAnswer: 'cut' },
  };
  for (const [name, behaviour] of Object.entries(failing)) {
    test(`${name}: the pull fails`, async (t) => {
      const { client } = await registryWithImage(t);
      const engine = await EngineFixture.start(t, behaviour);
      const pulled = await runInProcess([...client, 'pull', 'team/app:1'], {
        DOCKER_HOST: engine.address,
      });
      assert.equal(pulled.code, 1);
      assert.equal(pulled.stdout, '');
      assert.match(pulled.stderr, /^Error: .*engine/m);
    });
  }

  const broken: Readonly<Record<string, EngineBehaviour>> = {
    'an engine that stops in the middle of the image': { cutSaveAfter: 100_000 },
    'an engine that gives another image than it names': { id: `sha256:${'0'.repeat(64)}` },
  };
  for (const [name, behaviour] of Object.entries(broken)) {
    test(`${name}: the push fails, and no tag appears`, async (t) => {
      const { env } = await engineWith(t, behaviour);
      const { url, folder } = await registryFixture(t);
      const client = ['-h', url, '-l', path.join(folder, 'client')];
      const pushed = await runInProcess([...client, 'push', 'team/app:1'], env);
      assert.equal(pushed.code, 1, pushed.stderr);
      assert.match(pushed.stderr, /^Error: the (?:container )?engine /m);
      assert.equal(pushed.stdout, '');
      const list = await runInProcess([...client, 'images', '--format', 'json']);
      assert.deepEqual(JSON.parse(list.stdout), { images: [] });
      assert.deepEqual(await readdir(path.join(folder, 'client')), []);
    });
  }

  test('an engine that is down is not an image that is absent', async (t) => {
    const { url, folder } = await registryFixture(t);
    const client = ['-h', url, '-l', path.join(folder, 'client')];
    const down = { DOCKER_HOST: `unix://${folder}/no.sock` };
    for (const verb of ['push', 'pull']) {
      const ended = await runCli(t, [...client, verb, 'team/app:1'], down);
      assert.equal(ended.code, 1);
      assert.match(ended.stderr, /^Error: the container engine at unix:.* cannot be used/m);
    }
    const { env } = await engineWith(t);
    const absent = await runCli(t, [...client, 'push', 'other:1'], env);
    assert.equal(absent.code, 3);
    assert.match(absent.stderr, /^Error: the container engine has no image other:1/m);
  });

  test('each kind of failure has its exit code', async (t) => {
    const { client, folder } = await registryWithImage(t);
    const output = ['-o', path.join(folder, 'x.tar')];
    const nothing = path.join(folder, 'nothing');
    const garbage = path.join(folder, 'garbage');
    await writeFile(garbage, 'x'.repeat(2000));
    const cases: readonly (readonly [code: number, command: readonly string[]])[] = [
      [1, ['images', '-h', 'http://127.0.0.1:1']],
      [1, ['push', '-h', 'http://127.0.0.1:1', 'x']],
      [1, [...client, 'push', '--from', garbage, 'x']],
      [1, [...client, 'pull', '-o', path.join(nothing, 'x.tar'), 'team/app:1']],
      [2, []],
      [2, ['nonsense']],
      [2, ['push']],
      [2, ['pull']],
      [2, ['images', '--nonsense']],
      [2, ['images', '-h', 'ftp://x']],
      [2, ['images', '-p', 'x']],
      [2, [...client, 'push', 'UPPER']],
      [2, [...client, 'push', 'team/app:bad tag']],
      [2, [...client, 'push', `team/app@sha256:${'0'.repeat(64)}`]],
      [2, [...client, 'pull', 'team/app:1', '--seed', 'soon', ...output]],
      [2, [...client, 'pull', 'team/app:1', '--platform', '/', ...output]],
      [2, [...client, 'pull', 'team/app:1', '--rate', 'fast', ...output]],
      [2, [...client, 'pull', 'team/app:1', '--rate', '0', ...output]],
      [2, ['agent', '--registry', 'http://127.0.0.1:9', '--rate', '9999']],
      [2, [...client, 'pull', 'team/app:1', '--zone', 'a/b', ...output]],
      [2, [...client, 'pull', 'team/app:1', '--peers-from', '10.0.0.0/40', ...output]],
      [2, ['agent', '--registry', 'http://127.0.0.1:9', '--zone', '']],
      [2, ['registry', '--rate', '9kB/s']],
      [2, ['registry', '--upload-rate', 'fast']],
      [2, ['registry', '--max-peers', '0']],
      [2, ['agent', '--registry', 'http://127.0.0.1:9', '--download-rate', '9kB/s']],
      [2, ['agent', '--registry', 'http://127.0.0.1:9', '--rate-hours', '8-18 rate=1MB']],
      [2, ['registry', '-t', 'nonsense']],
      [1, [...client, 'pull', 'team/app:1', '-o', '/proc/x.tar']],
      [1, [...client, 'pull', 'team/app:1', '-o', '/proc/x/']],
      [2, ['agent']],
      [2, ['-h', 'http://x', 'registry']],
      [3, [...client, 'pull', 'team/app:9', ...output]],
      [3, [...client, 'pull', 'team/other', ...output]],
      [3, [...client, 'pull', `team/app@sha256:${'0'.repeat(64)}`, ...output]],
      [1, [...client, 'push', '--from', nothing, 'x']],
    ];
    for (const [code, command] of cases) {
      const ended = await runInProcess(command);
      assert.equal(ended.code, code, `${command.join(' ')}: ${ended.stderr}`);
      assert.equal(ended.stdout, '');
      assert.notEqual(ended.stderr, '');
      assert.doesNotMatch(ended.stderr, /^ {4}at /m);
    }
    assert.deepEqual((await readdir(folder)).sort(), ['client', 'garbage', 'registry']);
  });
});

suite('the command line itself', () => {
  test('help is asked for by --help, and lists every command', async () => {
    const help = await runInProcess(['--help']);
    assert.equal(help.code, 0);
    for (const verb of ['push', 'pull', 'images', 'registry', 'agent']) {
      assert.match(help.stdout, new RegExp(`^  ${verb} `, 'm'));
      const own = await runInProcess([verb, '--help']);
      assert.equal(own.code, 0);
      assert.match(own.stdout, new RegExp(`^Usage: docket ${verb} `));
    }
  });

  test('--version prints the version of the package', async () => {
    const version = await runInProcess(['--version']);
    assert.equal(version.code, 0);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\S*\n$/);
  });

  test('a mistyped command is told with the nearest one', async () => {
    const { stderr } = await runInProcess(['pusch']);
    assert.match(stderr, /^Error: unknown command 'pusch'\n\(Did you mean push\?\)\nUsage: /);
  });

  test('registry and agent say when they are ready, and end cleanly when told to', async (t) => {
    const folder = await testFolder(t);
    const common = ['--bind', '127.0.0.1', '--peer-port', '0', '--log-level', 'error'];
    const registry = startCli(t, ['registry', '-p', '0', '-l', path.join(folder, 'r'), ...common]);
    await registry.line(/^docket registry ready: http:\/\/127\.0\.0\.1:\d+ peers \d+$/m);
    // The port and the folder may stand in front of the verb, too.
    const front = ['-p', '0', '-l', path.join(folder, 'a')];
    const agent = startCli(t, [...front, 'agent', '--registry', 'http://127.0.0.1:1', ...common]);
    await agent.line(/^docket agent ready: http:\/\/127\.0\.0\.1:\d+ peers \d+$/m);
    registry.child.kill('SIGTERM');
    agent.child.kill('SIGINT');
    for (const role of [registry, agent]) {
      const { code, stdout, stderr } = await role.ended;
      assert.equal(code, 0, stderr);
      assert.equal(stdout.split('\n').length, 2);
    }
    assert.deepEqual((await readdir(folder)).sort(), ['a', 'r']);
  });

  test('what cannot be started fails at once', async (t) => {
    const { folder, port } = await registryFixture(t);
    const place = ['-p', port, '--peer-port', '0', '-l', path.join(folder, 'other')];
    const taken = await runCli(t, ['registry', '--bind', '127.0.0.1', ...place]);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /^Error: .*EADDRINUSE/m);
  });
});
