import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, truncate } from 'node:fs/promises';
import { Agent, createServer, request as httpRequest } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { bothWays } from '../base/link-limits.ts';
import { Unlimited } from '../base/rate-limiter.ts';
import { sha256Of, type Digest } from '../oci/digest.ts';
import { startSwarm } from '../swarm/swarm.ts';
import { createTrackerClient } from '../swarm/create-tracker-client.ts';
import { encodeAnnounceResponse, parseAnnounceQuery } from '../torrent/announce.ts';
import { parseMetainfo, type Metainfo } from '../torrent/metainfo.ts';
import { startRegistry, type RegistryOptions, type RegistryRole } from './registry-role.ts';

class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), 'docket-role-')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

function start(folder: Folder, options: Partial<RegistryOptions> = {}): Promise<RegistryRole> {
  return startRegistry({
    host: '127.0.0.1',
    port: 0,
    peerHost: '127.0.0.1',
    peerPort: 0,
    location: folder.path,
    log: silentLog,
    ...options,
  });
}

async function push(role: RegistryRole, bytes: Uint8Array<ArrayBuffer>): Promise<Digest> {
  const digest = sha256Of(bytes);
  const answer = await fetch(`${role.url}/v2/team/app/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: bytes,
  });
  assert.equal(answer.status, 201);
  return digest;
}

async function torrentOf(role: RegistryRole, digest: Digest): Promise<Metainfo> {
  const answer = await fetch(`${role.url}/v2/team/app/_docket/torrents/${digest}`);
  assert.equal(answer.status, 200);
  return parseMetainfo(new Uint8Array(await answer.arrayBuffer()));
}

async function figure(role: RegistryRole, line: string): Promise<number> {
  const text = await (await fetch(`${role.url}/metrics`)).text();
  const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  return Number(found?.split(' ')[1]);
}

/** Downloads a blob as a peer, without web seeds. */
async function downloadAsPeer(metainfo: Metainfo, folder: Folder): Promise<Buffer> {
  const trackerClient = createTrackerClient();
  const swarm = await startSwarm({
    listen: { host: '127.0.0.1', port: 0 },
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    upload: new Unlimited(),
    download: new Unlimited(),
    trackerClient,
    seed: async () => undefined,
  });
  try {
    const path = join(folder.path, metainfo.infoHash);
    await swarm.download(metainfo, { path, webSeeds: [] }).done;
    return await readFile(path);
  } finally {
    await swarm.close();
    await trackerClient.close();
  }
}

test('a peer finds the registry by its torrent and takes the whole blob from it', async () => {
  await using folder = await Folder.make();
  await using peer = await Folder.make();
  await using role = await start(folder);
  const bytes = randomBytes(500_000);
  const metainfo = await torrentOf(role, await push(role, bytes));
  assert.deepEqual(await downloadAsPeer(metainfo, peer), bytes);
  assert.equal(await figure(role, 'docket_registry_sent_bytes_total{via="peers"}'), bytes.length);
  assert.equal(await figure(role, 'docket_registry_sent_bytes_total{via="http"}'), 0);
  assert.equal(
    await figure(role, 'docket_registry_received_bytes_total{via="http"}'),
    bytes.length,
  );
});

test('a registry that starts again serves and seeds all that it held', async () => {
  await using folder = await Folder.make();
  await using peer = await Folder.make();
  const bytes = randomBytes(300_000);
  let digest: Digest;
  {
    await using role = await start(folder);
    digest = await push(role, bytes);
  }
  await using role = await start(folder);
  const answer = await fetch(`${role.url}/v2/team/app/blobs/${digest}`);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
  assert.deepEqual(await downloadAsPeer(await torrentOf(role, digest), peer), bytes);
});

test('two registries never share a folder', async () => {
  await using folder = await Folder.make();
  const role = await start(folder);
  await assert.rejects(start(folder), { code: 'STORAGE_LOCKED' });
  await role.close();
  await (await start(folder)).close();
});

test('a registry that cannot have its port leaves its folder free', async () => {
  await using folder = await Folder.make();
  await using other = await Folder.make();
  await using role = await start(other);
  await assert.rejects(start(folder, { port: role.port }), { code: 'EADDRINUSE' });
  await assert.rejects(start(folder, { peerPort: role.peerPort }), { code: 'EADDRINUSE' });
  await (await start(folder)).close();
});

test('the usual peer port, when it is taken, is replaced by a free one', async () => {
  await using folder = await Folder.make();
  const taken = createTcpServer();
  taken.on('error', () => {});
  taken.listen(6881, '127.0.0.1');
  await delay(50);
  try {
    await using role = await start(folder, { peerPort: undefined });
    assert.ok(role.peerPort > 0);
    assert.notEqual(role.peerPort, 6881);
  } finally {
    taken.close();
  }
});

/** A registry with an idle, a silent and a half-headed connection. */
async function withOpenConnections(folder: Folder) {
  const role = await start(folder, { link: bothWays(100_000) });
  const agent = new Agent({ keepAlive: true });
  const [answer] = await once(httpRequest(`${role.url}/v2/`, { agent }).end(), 'response');
  answer.resume();
  await once(answer, 'end');
  const sockets = ['', 'GET / HTTP/1.1\r\nHost: a\r\n'].map((text) => {
    const socket = connect(role.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(text);
    return socket;
  });
  await delay(100);
  return {
    role,
    /** Seconds that closing the registry takes. */
    close: async () => {
      const before = performance.now();
      await role.close();
      return (performance.now() - before) / 1000;
    },
    [Symbol.asyncDispose]: async () => {
      await role.close();
      agent.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test('connections without a request under way do not hold up closing', async () => {
  await using folder = await Folder.make();
  await using it = await withOpenConnections(folder);
  const seconds = await it.close();
  assert.ok(seconds < 2.5, `it took ${seconds} s`);
});

test('a request under way may end while the registry closes', async () => {
  await using folder = await Folder.make();
  await using it = await withOpenConnections(folder);
  const bytes = randomBytes(80_000);
  const digest = await push(it.role, bytes);
  const answer = await fetch(`${it.role.url}/v2/team/app/blobs/${digest}`);
  const [, body] = await Promise.all([it.close(), answer.arrayBuffer()]);
  assert.deepEqual(Buffer.from(body), bytes);
});

test('a request that does not end is broken off, and closing ends within seconds', async () => {
  await using folder = await Folder.make();
  await using it = await withOpenConnections(folder);
  const digest = sha256Of(randomBytes(8));
  const endless = httpRequest(`${it.role.url}/v2/team/app/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    headers: { 'Content-Length': 1000 },
  });
  endless.on('error', () => {});
  endless.write('x');
  await delay(100);
  const seconds = await it.close();
  endless.destroy();
  assert.ok(seconds > 1 && seconds < 6, `it took ${seconds} s`);
});

test('the rate limits what is sent and received, over all connections together', async () => {
  await using folder = await Folder.make();
  await using role = await start(folder, { link: bothWays(1_000_000) });
  const digest = await push(role, randomBytes(300_000));
  const before = performance.now();
  await Promise.all(
    [1, 2].map(async () => {
      const answer = await fetch(`${role.url}/v2/team/app/blobs/${digest}`);
      assert.equal((await answer.arrayBuffer()).byteLength, 300_000);
    }),
  );
  const seconds = (performance.now() - before) / 1000;
  assert.ok(seconds > 0.45, `600 000 bytes at 1 MB/s took ${seconds} s`);
});

test('what the registry sends to peers and over HTTP is limited together, and apart from what it receives', async () => {
  await using folder = await Folder.make();
  await using peer = await Folder.make();
  await using role = await start(folder, { link: { upload: 1_000_000 } });
  const bytes = randomBytes(400_000);
  const before = performance.now();
  const digest = await push(role, bytes);
  const metainfo = await torrentOf(role, digest);
  const pushed = (performance.now() - before) / 1000;
  const fetching = async (): Promise<void> => {
    const answer = await fetch(`${role.url}/v2/team/app/blobs/${digest}`);
    assert.equal((await answer.arrayBuffer()).byteLength, bytes.length);
  };
  await Promise.all([fetching(), downloadAsPeer(metainfo, peer)]);
  const sent = (performance.now() - before) / 1000 - pushed;
  assert.ok(pushed < 0.35, `400 000 bytes without a limit took ${pushed} s`);
  assert.ok(sent > 0.65, `800 000 bytes at 1 MB/s took ${sent} s`);
});

test('a client that goes away ends the sending to it', async () => {
  await using folder = await Folder.make();
  await using role = await start(folder, { link: bothWays(4_000_000) });
  const length = 6_000_000;
  const digest = await push(role, randomBytes(length));
  const gone = httpRequest(`${role.url}/v2/team/app/blobs/${digest}`).end();
  gone.on('error', () => {});
  const [answer] = await once(gone, 'response');
  answer.on('error', () => {});
  await once(answer, 'data');
  gone.destroy();
  const line = 'docket_registry_sent_bytes_total{via="http"}';
  for (let before = -1, sent = 0; sent !== before;) {
    before = sent;
    await delay(300);
    sent = await figure(role, line);
  }
  assert.ok((await figure(role, line)) < length);
});

test('a blob that breaks while it is sent breaks the connection, and never ends short', async () => {
  await using folder = await Folder.make();
  await using role = await start(folder, { link: bothWays(4_000_000) });
  const digest = await push(role, randomBytes(4_000_000));
  const answer = await fetch(`${role.url}/v2/team/app/blobs/${digest}`);
  const hex = digest.slice('sha256:'.length);
  await truncate(join(folder.path, 'blobs', 'sha256', hex.slice(0, 2), hex), 1_000_000);
  await assert.rejects(answer.arrayBuffer());
  assert.equal((await fetch(`${role.url}/healthz`)).status, 200);
});

/** A tracker that only remembers what it is told. */
async function rememberingTracker() {
  const announced: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const [, search = ''] = (incoming.url ?? '').split('?');
    const { infoHash, left, event } = parseAnnounceQuery(search);
    announced.push(`${infoHash} ${left} ${event ?? ''}`);
    outgoing.end(encodeAnnounceResponse({ interval: 60, complete: 1, incomplete: 0, peers: [] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    announced,
    until: async (line: string) => {
      for (let round = 0; round < 250; round++) {
        if (announced.includes(line)) return;
        await delay(20);
      }
      assert.fail(`the tracker never heard ${line}, but ${announced.join(', ')}`);
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

test('another tracker is told of each blob, also after a restart, once its whitelist has it', async () => {
  await using folder = await Folder.make();
  await using own = await Folder.make();
  await using tracker = await rememberingTracker();
  const trackerWhitelist = join(own.path, 'whitelist');
  const reloaded = join(own.path, 'reloaded');
  const options = {
    trackers: [tracker.address],
    trackerWhitelist,
    trackerReload: `cat '${trackerWhitelist}' >> '${reloaded}'`,
  };
  let metainfo: Metainfo;
  {
    await using role = await start(folder, options);
    metainfo = await torrentOf(role, await push(role, randomBytes(100)));
    assert.deepEqual(metainfo.trackers, [[`http://${tracker.address}/announce`]]);
    await tracker.until(`${metainfo.infoHash} 0 started`);
    assert.equal(await readFile(trackerWhitelist, 'utf8'), `${metainfo.infoHash}\n`);
    assert.match(await readFile(reloaded, 'utf8'), new RegExp(metainfo.infoHash));
    const announce = await fetch(`${role.url}/announce`);
    assert.equal(announce.status, 405);
  }
  tracker.announced.length = 0;
  const role = await start(folder, options);
  await tracker.until(`${metainfo.infoHash} 0 started`);
  await role.close();
});

test('several trackers stand in torrents in their order, and the next is told when the first is away', async () => {
  await using folder = await Folder.make();
  await using tracker = await rememberingTracker();
  const trackers = [
    'udp://127.0.0.1:9',
    tracker.address,
    'https://tracker.example/t/announce?key=1',
  ];
  await using role = await start(folder, { trackers });
  const metainfo = await torrentOf(role, await push(role, randomBytes(100)));
  assert.deepEqual(metainfo.trackers, [
    ['udp://127.0.0.1:9/announce'],
    [`http://${tracker.address}/announce`],
    ['https://tracker.example/t/announce?key=1'],
  ]);
  await tracker.until(`${metainfo.infoHash} 0 started`);
});

test('a tracker that cannot be reached keeps no registry from starting', async () => {
  await using folder = await Folder.make();
  await using role = await start(folder, { trackers: ['127.0.0.1:1'] });
  await push(role, randomBytes(100));
});

const wrong: readonly (readonly [string, Partial<RegistryOptions>])[] = [
  ['a tracker without a port', { trackers: ['udp://tracker/announce'] }],
  ['a tracker of another kind', { trackers: ['a:1', 'ftp://a:1/announce'] }],
  ['a whitelist without a tracker', { trackerWhitelist: '/tmp/x' }],
  ['a reload command without a whitelist', { trackers: ['a:1'], trackerReload: 'true' }],
  ['a UDP port without the built-in tracker', { trackers: ['a:1'], udpPort: 6969 }],
  ['an advertised URL', { advertise: 'http://host' }],
  ['an advertised host with a port', { advertise: 'host:1' }],
];
for (const [what, options] of wrong) {
  test(`${what} is refused before anything is touched`, async () => {
    await using folder = await Folder.make();
    await assert.rejects(start(folder, options), { code: 'REGISTRY_OPTION_INVALID' });
  });
}

test('an advertised host stands in torrents', async () => {
  await using folder = await Folder.make();
  await using role = await start(folder, { advertise: '127.0.0.2' });
  const metainfo = await torrentOf(role, await push(role, randomBytes(100)));
  assert.deepEqual(metainfo.trackers, [[`http://127.0.0.2:${role.port}/announce`]]);
  assert.match(metainfo.webSeeds[0] ?? '', /^http:\/\/127\.0\.0\.2:\d+\/v2\/team\/app\/blobs\//);
});

test('a registry whose volume went away says so, takes nothing, and goes on when it is back', async () => {
  await using parent = await Folder.make();
  const location = join(parent.path, 'registry');
  await using role = await startRegistry({
    host: '127.0.0.1',
    port: 0,
    peerHost: '127.0.0.1',
    peerPort: 0,
    location,
    log: silentLog,
  });
  const bytes = randomBytes(1000);
  const digest = await push(role, bytes);
  const status = async (path: string, init?: RequestInit): Promise<number> => {
    const answer = await fetch(`${role.url}${path}`, init);
    await answer.arrayBuffer();
    return answer.status;
  };
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [],
  });
  const putIndex = {
    method: 'PUT',
    headers: { 'Content-Type': 'application/vnd.oci.image.index.v1+json' },
    body: index,
  };
  assert.equal(await status('/readyz'), 200);
  await rename(location, `${location}-away`);
  await mkdir(location);
  assert.equal(await status('/readyz'), 503);
  assert.equal(await status('/healthz'), 200);
  assert.equal(await status(`/v2/team/app/blobs/${digest}`), 503);
  assert.equal(await status('/v2/team/app/blobs/uploads/', { method: 'POST' }), 503);
  assert.equal(await status('/v2/team/app/manifests/1', putIndex), 503);
  assert.equal(await status(`/v2/team/app/blobs/${digest}`, { method: 'DELETE' }), 503);
  assert.deepEqual(await readdir(location), []);
  await rm(location, { recursive: true });
  await rename(`${location}-away`, location);
  assert.equal(await status('/readyz'), 200);
  assert.equal(await status(`/v2/team/app/blobs/${digest}`), 200);
  assert.equal(await status('/v2/team/app/manifests/1', putIndex), 201);
  await push(role, randomBytes(10));
});

test('a registry that must be there does not begin anew on an empty mount point', async () => {
  await using folder = await Folder.make();
  await assert.rejects(start(folder, { mustExist: true }), { code: 'STORAGE_GONE' });
  assert.deepEqual(await readdir(folder.path), []);
  await (await start(folder)).close();
  await (await start(folder, { mustExist: true })).close();
});
