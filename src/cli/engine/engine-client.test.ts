import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { suite, test, type TestContext } from 'node:test';
import { parseEngineAddress } from './engine-address.ts';
import { EngineClient } from './engine-client.ts';
import { EngineFixture, type EngineBehaviour } from './engine-fixture.ts';
import { negotiateVersion } from './engine-version.ts';

const neverAborted = new AbortController().signal;
const id = `sha256:${'a'.repeat(64)}`;

async function connect(
  t: TestContext,
  behaviour: EngineBehaviour = {},
): Promise<{ engine: EngineFixture; client: EngineClient }> {
  const engine = await EngineFixture.start(t, behaviour);
  const client = await EngineClient.connect(parseEngineAddress(engine.address), neverAborted);
  t.after(() => client.close());
  return { engine, client };
}

suite('loading', () => {
  const failures: Readonly<Record<string, string>> = {
    'an error line':
      '{"stream":"Loading\\n"}\n{"errorDetail":{"message":"no space"},"error":"no space"}\n',
    'an error line without its end': '{"error":"no space"}',
    'only an error detail': '{"errorDetail":{"message":"no space"}}\n',
    "containerd's text": '{"stream":"Error unpacking image x: no space\\n"}\n',
    'what is no JSON': 'no space left on device\n',
  };
  for (const [name, loadAnswer] of Object.entries(failures)) {
    test(`status 200 and ${name} is a failure`, async (t) => {
      const { client } = await connect(t, { loadAnswer });
      await assert.rejects(client.load(Readable.from([Buffer.from('tar')]), neverAborted), {
        code: 'ENGINE_FAILED',
        message: /space/,
      });
    });
  }

  test('lines that tell of progress are none', async (t) => {
    const loadAnswer =
      '{"status":"Loading layer","progressDetail":{"current":1}}\n\n{"stream":"Loaded"}';
    const { client } = await connect(t, { loadAnswer });
    await client.load(Readable.from([Buffer.from('tar')]), neverAborted);
  });

  test('an engine that breaks the connection is a failure', async (t) => {
    const { client } = await connect(t, { loadAnswer: 'cut' });
    const tar = Readable.from([Buffer.alloc(1 << 20)]);
    await assert.rejects(client.load(tar, neverAborted), { code: 'ENGINE_UNREACHABLE' });
    assert.ok(tar.destroyed);
  });

  test('what goes wrong with the tar is what is told', async (t) => {
    const { client } = await connect(t);
    const failure = new Error('the layer is gone');
    const tar = Readable.from(
      (async function* broken() {
        yield Buffer.alloc(1000);
        throw failure;
      })(),
    );
    await assert.rejects(client.load(tar, neverAborted), failure);
  });

  test('an interruption ends it with its reason', async (t) => {
    const { client } = await connect(t);
    const controller = new AbortController();
    const reason = new Error('enough');
    const endless = new Readable({ read() {} });
    const loading = client.load(endless, controller.signal);
    controller.abort(reason);
    await assert.rejects(loading, reason);
    assert.ok(endless.destroyed);
  });
});

test('names of images stand in paths as they are', async (t) => {
  const { engine, client } = await connect(t);
  engine.add('registry:5000/team/app:1', id, Buffer.from('tar'));
  assert.equal(await client.imageId('registry:5000/team/app:1', neverAborted), id);
  const saved = await client.save('registry:5000/team/app:1', neverAborted);
  assert.equal(Buffer.concat(await saved.toArray()).toString(), 'tar');
  await client.tag(id, 'other/name', '2', neverAborted);
  assert.equal(engine.idOf('other/name:2'), id);
  assert.deepEqual(engine.requests.slice(0, 3), [
    'GET /_ping',
    'GET /v1.41/images/registry:5000/team/app:1/json',
    'GET /v1.41/images/registry:5000/team/app:1/get',
  ]);
});

test('an image that the engine does not have is none, not a failure', async (t) => {
  const { client } = await connect(t);
  assert.equal(await client.imageId('absent:1', neverAborted), undefined);
  await assert.rejects(client.save('absent:1', neverAborted), {
    code: 'ENGINE_FAILED',
    message: /No such image: absent:1/,
  });
});

test('an engine that is not there is told as that', async () => {
  await assert.rejects(
    EngineClient.connect(parseEngineAddress('unix:///nowhere/docker.sock'), neverAborted),
    { code: 'ENGINE_UNREACHABLE', message: /unix:\/\/\/nowhere\/docker\.sock/ },
  );
});

test('the older API version is spoken, and none where none is told', () => {
  assert.equal(negotiateVersion('1.41'), '1.41');
  assert.equal(negotiateVersion('1.9'), '1.9');
  assert.equal(negotiateVersion('1.99'), '1.47');
  assert.equal(negotiateVersion('2.0'), '1.47');
  assert.equal(negotiateVersion(undefined), undefined);
  assert.equal(negotiateVersion('<x>'), undefined);
});

test('DOCKER_HOST is read as docker reads it', () => {
  const usual = {
    kind: 'socket',
    path: '/var/run/docker.sock',
    text: 'unix:///var/run/docker.sock',
  };
  assert.deepEqual(parseEngineAddress(undefined), usual);
  assert.deepEqual(parseEngineAddress(''), usual);
  const origins = ['tcp://10.0.0.5', 'tcp://host:80', 'tcp://host:1234/', 'http://[::1]:1'].map(
    (text) => {
      const address = parseEngineAddress(text);
      return address.kind === 'http' ? address.origin : undefined;
    },
  );
  assert.deepEqual(origins, [
    'http://10.0.0.5:2375',
    'http://host',
    'http://host:1234',
    'http://[::1]:1',
  ]);
  for (const text of ['ssh://host', 'unix://relative', 'npipe:////./x', 'host:1']) {
    assert.throws(() => parseEngineAddress(text), { code: 'USAGE' }, text);
  }
});
