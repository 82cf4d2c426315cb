import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'node:test';
import { bothWays } from '../../base/link-limits.ts';
import { digestHex, sha256Of, type Digest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { noise } from '../../swarm/swarm-fixtures.ts';
import { parseZone } from '../../torrent/zone.ts';
import { agentFor, TestFolder } from '../agent-fixture.ts';
import type { AgentOptions, AgentRole } from '../agent-role.ts';
import { RegistryFixture, type FixtureImage } from '../registry-fixture.ts';

const large = noise(3_000_000);
const small = noise(1000);

interface Host {
  readonly fixture: RegistryFixture;
  readonly folder: string;
  readonly image: FixtureImage;
  readonly agent: AgentRole;
  readonly restart: (options?: Partial<AgentOptions>) => Promise<AgentRole>;
}

async function setUp(t: test.TestContext, options: Partial<AgentOptions> = {}): Promise<Host> {
  const fixture = await RegistryFixture.start();
  const folder = await TestFolder.make();
  let agent = await agentFor(fixture.url, folder.path, options);
  const image = fixture.addImage('team/app', '1', [large, small]);
  t.after(async () => {
    await agent.close();
    await fixture.die();
    await folder[Symbol.asyncDispose]();
  });
  const restart = async (changed: Partial<AgentOptions> = {}): Promise<AgentRole> => {
    await agent.close();
    agent = await agentFor(fixture.url, folder.path, { ...options, ...changed });
    return agent;
  };
  return { fixture, folder: folder.path, image, agent, restart };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
}

/** Asks as a runtime does; rejects when the body is cut. */
async function ask(
  agent: AgentRole,
  target: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await open(agent, target, options);
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  const { statusCode = 0, headers } = answer;
  return { status: statusCode, headers, bytes: Buffer.concat(chunks) };
}

/** The answer's headers; its body waits to be read. */
async function open(
  agent: AgentRole,
  target: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<IncomingMessage> {
  const request = httpRequest(new URL(target, agent.url), { ...options, agent: false }).end();
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return answer;
}

/** A client has its last bytes a moment before they are kept for good. */
async function kept(agent: AgentRole): Promise<void> {
  while ((await ask(agent, '/api/v1/downloads')).bytes.includes('"downloading"')) await pause(5);
}

function blobTarget(digest: Digest): string {
  return `/v2/team/app/blobs/${digest}`;
}

function codeIn(answer: Answer): string {
  const body = JSON.parse(answer.bytes.toString()) as { errors: { code: string }[] };
  assert.equal(answer.headers['content-type'], 'application/json');
  return body.errors[0]?.code ?? '';
}

test('a runtime finds a registry, without a challenge', async (t) => {
  const { agent } = await setUp(t);
  const answer = await ask(agent, '/v2/');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0');
  assert.equal(answer.headers['www-authenticate'], undefined);
});

test('an image is pulled as from the registry itself', async (t) => {
  const { agent, image } = await setUp(t);
  for (const reference of ['1', image.manifestDigest]) {
    for (const method of ['HEAD', 'GET']) {
      const answer = await ask(agent, `/v2/team/app/manifests/${reference}`, { method });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], mediaTypes.ociManifest);
      assert.equal(answer.headers['docker-content-digest'], image.manifestDigest);
      assert.equal(answer.headers['content-length'], String(image.manifest.length));
      assert.deepEqual(answer.bytes, method === 'GET' ? image.manifest : Buffer.alloc(0));
    }
  }
  for (const [digest, bytes] of [
    [image.layers[0], large],
    [image.layers[1], small],
  ] as const) {
    assert.ok(digest);
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET']) {
      const answer = await ask(agent, blobTarget(digest), { method });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-length'], String(bytes.length));
      assert.equal(answer.headers['docker-content-digest'], digest);
      assert.equal(answer.headers['accept-ranges'], 'bytes');
      assert.equal(answer.headers['content-encoding'], undefined);
      assert.deepEqual(answer.bytes, method === 'GET' ? bytes : Buffer.alloc(0));
    }
  }
});

test('a tag that is pulled often costs the registry one manifest', async (t) => {
  const { agent, fixture } = await setUp(t);
  for (let pull = 0; pull < 5; pull++) await ask(agent, '/v2/team/app/manifests/1');
  assert.equal(fixture.count(/^GET .*manifests/), 1);
  assert.equal(fixture.count(/^HEAD .*manifests/), 5);
});

test('a tag that moves is followed, and its old manifest stays readable', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  await ask(agent, '/v2/team/app/manifests/1');
  const moved = fixture.addImage('team/app', '1', [small]);
  const answer = await ask(agent, '/v2/team/app/manifests/1');
  assert.deepEqual(answer.bytes, moved.manifest);
  const old = await ask(agent, `/v2/team/app/manifests/${image.manifestDigest}`);
  assert.deepEqual(old.bytes, image.manifest);
});

test('ranges are exact, of a blob that is kept and of one on its way', async (t) => {
  const { agent, image } = await setUp(t);
  const [digest] = image.layers;
  assert.ok(digest);
  for (let round = 0; round < 2; round++) {
    for (const [range, first, end] of [
      ['bytes=500-1499', 500, 1500],
      ['bytes=2999999-', 2_999_999, 3_000_000],
      ['bytes=-500', 2_999_500, 3_000_000],
      ['bytes=1000000-99999999', 1_000_000, 3_000_000],
    ] as const) {
      const answer = await ask(agent, blobTarget(digest), { headers: { range } });
      assert.equal(answer.status, 206);
      assert.equal(answer.headers['content-range'], `bytes ${first}-${end - 1}/3000000`);
      assert.equal(answer.headers['content-length'], String(end - first));
      assert.deepEqual(answer.bytes, large.subarray(first, end), range);
    }
    const outside = await ask(agent, blobTarget(digest), { headers: { range: 'bytes=3000000-' } });
    assert.equal(outside.status, 416);
    assert.equal(outside.headers['content-range'], 'bytes */3000000');
    const several = await ask(agent, blobTarget(digest), { headers: { range: 'bytes=0-1,5-6' } });
    assert.equal(several.status, 200);
    const list = Array.from({ length: 1024 }, (_, at) => `0000000${1000 + at}-0000000${1000 + at}`);
    const many = await ask(agent, blobTarget(digest), {
      headers: { range: `bytes=${list.join()}` },
    });
    assert.equal(many.status, 200);
    const etag = { 'if-range': '"another"', range: 'bytes=0-1' };
    assert.equal((await ask(agent, blobTarget(digest), { headers: etag })).status, 200);
  }
});

test('two clients at once cost the registry one download', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  const [digest] = image.layers;
  assert.ok(digest);
  const answers = await Promise.all([
    ask(agent, blobTarget(digest)),
    ask(agent, `/v2/docker.io/library/x/blobs/${digest}`),
    ask(agent, `/v2/library/y/blobs/${digest}?ns=docker.io`),
  ]);
  for (const { bytes } of answers) assert.deepEqual(bytes, large);
  assert.equal(fixture.count(/^GET .*blobs/), 1);
});

test('headers go out before the bytes are there, also when the registry is slow', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  await ask(agent, '/v2/team/app/manifests/1');
  let finish = (): void => {};
  fixture.intercept = (request, response) => {
    if (request.url?.includes('/blobs/') !== true) return false;
    response.writeHead(200, { 'content-length': large.length }).flushHeaders();
    finish = () => response.end(large);
    return true;
  };
  const [digest] = image.layers;
  assert.ok(digest);
  const answer = await open(agent, blobTarget(digest));
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['content-length'], '3000000');
  finish();
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), large);
});

test('headers go out within seconds, though the registry has not even answered', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  await ask(agent, '/v2/team/app/manifests/1');
  const [digest] = image.layers;
  assert.ok(digest);
  let release = (): void => {};
  fixture.intercept = (request, response) => {
    if (request.url?.includes('/blobs/') !== true) return false;
    release = () => response.end(large);
    return true;
  };
  const begun = performance.now();
  const answer = await open(agent, blobTarget(digest));
  assert.equal(answer.headers['content-length'], '3000000');
  assert.ok(performance.now() - begun < 8000);
  release();
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), large);
});

test('headers go out within seconds, though no manifest told the length', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  const [digest] = image.layers;
  assert.ok(digest);
  let release = (): void => {};
  fixture.intercept = (request, response) => {
    // A registry may take minutes to make a torrent.
    if (request.url?.includes('/_docket/') !== true) return false;
    release = () => response.writeHead(404).end();
    return true;
  };
  const begun = performance.now();
  const answer = await open(agent, blobTarget(digest));
  assert.equal(answer.headers['content-length'], '3000000');
  assert.ok(performance.now() - begun < 8000);
  release();
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), large);
});

test('a registry that does not answer any more is passed with 404, before headers go out', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  await ask(agent, '/v2/team/app/manifests/1');
  // As long as it takes to find that no connection comes about.
  fixture.intercept = (request) => {
    setTimeout(() => request.destroy(), 2000);
    return true;
  };
  const [digest] = image.layers;
  assert.ok(digest);
  assert.equal((await ask(agent, blobTarget(digest))).status, 404);
});

test('what cannot be served is passed with 404, whatever the reason', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  const missing = sha256Of(noise(10, 9));
  const cases: [string, string][] = [
    ['/v2/team/app/manifests/none', 'MANIFEST_UNKNOWN'],
    [`/v2/team/app/manifests/${missing}`, 'MANIFEST_UNKNOWN'],
    [blobTarget(missing), 'BLOB_UNKNOWN'],
    ['/v2/team/app/manifests/1?ns=ghcr.io', 'NAME_UNKNOWN'],
    ['/v2/team/app/manifests/sha256:bad', 'DIGEST_INVALID'],
    ['/v2/Team/manifests/1', 'NAME_INVALID'],
    ['/v2/team/app/manifests/sha256-0a.sig', 'MANIFEST_UNKNOWN'],
    [`/v2/team/app/referrers/${missing}`, 'MANIFEST_UNKNOWN'],
    ['/v2/team/app/referrers/sha256:bad', 'DIGEST_INVALID'],
    ['/', 'UNSUPPORTED'],
  ];
  for (const [target, code] of cases) {
    const answer = await ask(agent, target);
    assert.equal(answer.status, 404, target);
    assert.equal(codeIn(answer), code, target);
    assert.equal((await ask(agent, target, { method: 'HEAD' })).status, 404);
  }
  for (const status of [401, 403, 408, 429, 500, 503]) {
    fixture.intercept = (_request, response) => {
      response.writeHead(status, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    for (const target of ['/v2/team/app/manifests/2', blobTarget(missing), '/v2/x/tags/list']) {
      assert.equal((await ask(agent, target)).status, 404, `${status} ${target}`);
    }
  }
  await fixture.die();
  for (const target of ['/v2/team/app/manifests/1', blobTarget(image.config), '/v2/x/tags/list']) {
    assert.equal((await ask(agent, target)).status, 404, target);
  }
});

test('a page that poses as a manifest is neither served nor kept', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  fixture.intercept = (_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<html>Log in to the wireless network</html>');
    return true;
  };
  assert.equal((await ask(agent, '/v2/team/app/manifests/1')).status, 404);
  fixture.intercept = () => false;
  assert.deepEqual((await ask(agent, '/v2/team/app/manifests/1')).bytes, image.manifest);
});

test('with the registry away an image is served that is here whole, and no other', async (t) => {
  const { agent, fixture, image, restart } = await setUp(t);
  const partly = fixture.addImage('team/other', '1', [noise(5000, 5)]);
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [sha256Of(Buffer.from('another platform')), image.manifestDigest].map(
        (digest) => ({
          mediaType: mediaTypes.ociManifest,
          digest,
          size: 100,
        }),
      ),
    }),
  );
  fixture.addManifest('team/app', 'index', mediaTypes.ociIndex, index);
  for (const target of [
    'team/app/manifests/1',
    'team/app/manifests/index',
    'team/other/manifests/1',
  ]) {
    assert.equal((await ask(agent, `/v2/${target}`)).status, 200);
  }
  for (const digest of [image.config, ...image.layers]) await ask(agent, blobTarget(digest));
  await fixture.die();
  const away = await restart();
  for (const reference of ['1', image.manifestDigest, 'index']) {
    const answer = await ask(away, `/v2/team/app/manifests/${reference}`);
    assert.equal(answer.status, 200, reference);
  }
  for (const digest of [image.config, ...image.layers]) {
    assert.equal((await ask(away, blobTarget(digest))).status, 200);
  }
  for (const reference of ['1', partly.manifestDigest]) {
    const answer = await ask(away, `/v2/team/other/manifests/${reference}`);
    assert.equal(answer.status, 404, 'its layer cannot be had');
  }
});

test('a tag that the registry dropped is not remembered', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  await ask(agent, '/v2/team/app/manifests/1');
  for (const digest of [image.config, ...image.layers]) await ask(agent, blobTarget(digest));
  fixture.intercept = (_request, response) => {
    response.writeHead(404).end();
    return true;
  };
  assert.equal((await ask(agent, '/v2/team/app/manifests/1')).status, 404);
  await fixture.die();
  assert.equal((await ask(agent, '/v2/team/app/manifests/1')).status, 404);
});

test('a blob that is lost or damaged on disk is fetched again, and sent right', async (t) => {
  const { agent, folder, image } = await setUp(t);
  const [digest] = image.layers;
  assert.ok(digest);
  await ask(agent, blobTarget(digest));
  await kept(agent);
  const file = path.join(folder, 'blobs/sha256', digestHex(digest));
  await rm(file);
  assert.deepEqual((await ask(agent, blobTarget(digest))).bytes, large);
  await kept(agent);
  await writeFile(file, noise(large.length, 4));
  assert.deepEqual((await ask(agent, blobTarget(digest))).bytes, large);
  await kept(agent);
  assert.deepEqual(await readFile(file), large);
});

test('a body that cannot be finished is broken off, never ended short', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  const [digest] = image.layers;
  assert.ok(digest);
  const wrong = Buffer.from(large);
  wrong[0] = ~(wrong[0] ?? 0);
  fixture.setBlob(digest, wrong);
  await assert.rejects(ask(agent, blobTarget(digest)), { code: 'ECONNRESET' });
});

test('a client that goes away does not stop the fetch', async (t) => {
  const { agent, fixture, image } = await setUp(t, { link: bothWays(6_000_000) });
  const [digest] = image.layers;
  assert.ok(digest);
  const answer = await open(agent, blobTarget(digest));
  answer.on('error', () => {});
  await pause(50);
  answer.destroy();
  const { bytes } = await ask(agent, blobTarget(digest));
  assert.deepEqual(bytes, large);
  assert.equal(fixture.count(/^GET .*blobs/), 1);
});

test('a slow client holds back its own bytes only, and they stay on disk', async (t) => {
  const { agent, fixture } = await setUp(t);
  const huge = Buffer.alloc(96 * 1024 * 1024, noise(65_537));
  const digest = fixture.addBlob(huge);
  await ask(agent, blobTarget(digest), { headers: { range: 'bytes=-1' } });
  const before = process.memoryUsage();
  const slow = [];
  for (let client = 0; client < 8; client++) {
    const answer = await open(agent, blobTarget(digest));
    answer.pause();
    slow.push(answer);
  }
  await pause(500);
  const after = process.memoryUsage();
  const grown = after.arrayBuffers - before.arrayBuffers;
  assert.ok(grown < 64 * 1024 * 1024, `${grown} bytes for 8 paused readers of 96 MiB`);
  for (const answer of slow) {
    answer.on('error', () => {});
    answer.destroy();
  }
});

test('an agent cannot be pushed to, and says where to', async (t) => {
  const { agent, fixture } = await setUp(t);
  for (const [method, target] of [
    ['POST', '/v2/team/app/blobs/uploads/'],
    ['PUT', '/v2/team/app/manifests/1'],
    ['PATCH', '/v2/team/app/blobs/uploads/1'],
    ['DELETE', '/v2/team/app/manifests/1'],
  ] as const) {
    const answer = await ask(agent, target, { method });
    assert.equal(answer.status, 405);
    assert.equal(codeIn(answer), 'UNSUPPORTED');
    assert.match(answer.bytes.toString(), new RegExp(fixture.url.host));
  }
});

test('a web page cannot have a browser ask under a name of its own', async (t) => {
  const { agent } = await setUp(t);
  for (const target of ['/v2/', '/api/v1/agent', '/metrics']) {
    const answer = await ask(agent, target, { headers: { host: 'evil.example:8010' } });
    assert.equal(answer.status, 403);
  }
});

test('credentials of a client go nowhere', async (t) => {
  const lines: string[] = [];
  const note = (fields: object, message: string): void =>
    void lines.push(JSON.stringify(fields) + message);
  const log = { debug: note, info: note, warn: note, error: note, child: () => log };
  const { agent, fixture } = await setUp(t, { log });
  let seen: string | undefined;
  fixture.intercept = (request) => {
    seen ??= request.headers.authorization;
    return false;
  };
  const headers = { authorization: 'Basic c2VjcmV0' };
  assert.equal((await ask(agent, '/v2/team/app/manifests/1', { headers })).status, 200);
  assert.equal((await ask(agent, '/v2/team/app/manifests/none', { headers })).status, 404);
  assert.equal(seen, undefined);
  assert.ok(lines.length > 0);
  assert.doesNotMatch(lines.join('\n'), /c2VjcmV0/);
});

test('tags are listed under the name that was asked for', async (t) => {
  const { agent } = await setUp(t);
  const answer = await ask(agent, '/v2/docker.io/team/app/tags/list?n=1');
  assert.deepEqual(JSON.parse(answer.bytes.toString()), { name: 'team/app', tags: ['1'] });
  assert.equal(answer.headers['link'], '</v2/docker.io/team/app/tags/list?last=x&n=1>; rel="next"');
});

test('referrers are those of the registry, and none are made up', async (t) => {
  const { agent, fixture, image } = await setUp(t);
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ mediaType: mediaTypes.ociManifest, digest: image.config, size: 1 }],
  });
  let type: string = mediaTypes.ociIndex;
  fixture.intercept = (request, response) => {
    const [, path, query] = /^([^?]*)(?:\?(.*))?$/.exec(request.url ?? '') ?? [];
    if (path?.includes('/referrers/') !== true) return false;
    response.writeHead(200, {
      'content-type': type,
      'oci-filters-applied': String(query),
      link: `<${path}?last=x&n=1>; rel="next"`,
    });
    response.end(index);
    return true;
  };
  const target = `/v2/docker.io/team/app/referrers/${image.config}`;
  const answer = await ask(agent, `${target}?artifactType=a%2Fb%2Bc&n=1&other=2`);
  assert.equal(answer.status, 200);
  assert.equal(answer.bytes.toString(), index);
  assert.equal(answer.headers['content-type'], mediaTypes.ociIndex);
  assert.equal(answer.headers['oci-filters-applied'], 'artifactType=a%2Fb%2Bc&n=1');
  assert.equal(answer.headers['link'], `<${target}?last=x&n=1>; rel="next"`);
  assert.equal(
    fixture.requests.at(-1)?.split('?')[0],
    `GET /v2/team/app/referrers/${image.config}`,
  );

  // A login page is no answer.
  type = 'text/html';
  assert.equal((await ask(agent, target)).status, 404);
  await fixture.die();
  assert.equal((await ask(agent, target)).status, 404);
});

test('the agent tells what it is and does', async (t) => {
  const { agent, fixture, image } = await setUp(t, { zone: parseZone('rack-7') });
  const [digest] = image.layers;
  assert.ok(digest);
  await ask(agent, blobTarget(digest));
  await kept(agent);
  const about = JSON.parse((await ask(agent, '/api/v1/agent')).bytes.toString()) as object;
  assert.deepEqual(
    { ...about, version: '' },
    {
      name: 'docket-agent',
      version: '',
      registry: fixture.url.href,
      peerPort: agent.peerPort,
      zone: 'rack-7',
    },
  );
  const { downloads } = JSON.parse((await ask(agent, '/api/v1/downloads')).bytes.toString()) as {
    downloads: { digest: string; state: string; length: number }[];
  };
  assert.deepEqual(
    downloads.map((one) => [one.digest, one.state, one.length]),
    [[digest, 'complete', large.length]],
  );
  const metrics = (await ask(agent, '/metrics')).bytes.toString();
  assert.match(metrics, /^docket_agent_received_bytes_total\{via="registry"\} 3000000$/m);
  assert.match(metrics, /^docket_agent_sent_bytes_total\{via="clients"\} 3000000$/m);
  assert.match(metrics, /^docket_agent_cache_bytes 3000000$/m);
  assert.equal((await ask(agent, '/healthz')).status, 200);
});

test('an agent whose folder vanished is not healthy', async (t) => {
  const { agent, folder } = await setUp(t);
  await rm(folder, { recursive: true });
  assert.equal((await ask(agent, '/healthz')).status, 503);
  assert.equal((await ask(agent, '/v2/team/app/manifests/1')).status, 404);
});

test('a client that speaks TLS, or nonsense, is cut off at once', async (t) => {
  const { agent } = await setUp(t);
  for (const hello of [Buffer.from('16030100c8010000c4', 'hex'), Buffer.from('nonsense\r\n\r\n')]) {
    const socket = connect(Number(new URL(agent.url).port), '127.0.0.1');
    socket.write(hello);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => {});
    await once(socket, 'close');
    assert.equal(Buffer.concat(chunks).length, 0);
  }
  assert.equal((await ask(agent, '/v2/')).status, 200);
});

test('closing an agent breaks off what it serves', async (t) => {
  const { agent, fixture, restart } = await setUp(t);
  const digest = fixture.addBlob(noise(1_000_000, 6));
  fixture.cut = { after: 900_000, times: 1 };
  fixture.intercept = (request, response) => {
    if (request.url?.includes('/blobs/') !== true) return false;
    response.writeHead(200, { 'content-length': 1_000_000 }).write(noise(900_000, 6));
    return true;
  };
  const reading = assert.rejects(ask(agent, blobTarget(digest)), { code: 'ECONNRESET' });
  await pause(100);
  await restart();
  await reading;
});
