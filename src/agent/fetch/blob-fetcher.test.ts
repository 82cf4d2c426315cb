import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'node:test';
import { bothWays } from '../../base/link-limits.ts';
import { digestHex, digestOf, sha256Of, type Digest } from '../../oci/digest.ts';
import { parseRepository } from '../../oci/reference.ts';
import { FakePeer } from '../../swarm/fake-peer.ts';
import { metainfoOf, noise, until } from '../../swarm/swarm-fixtures.ts';
import { encodeBlock, encodeSimple } from '../../torrent/wire.ts';
import { engineFor, TestFolder } from '../agent-fixture.ts';
import type { HostEngine, HostEngineOptions } from '../host-engine.ts';
import { RegistryFixture } from '../registry-fixture.ts';
import type { BlobReader } from './blob-reader.ts';

const repository = parseRepository('team/app');
const otherRepository = parseRepository('other/app');
const large = noise(3_000_000);
const small = noise(1000);

interface Host {
  readonly fixture: RegistryFixture;
  readonly folder: string;
  /** Started anew each time; the one before is closed. */
  readonly start: (options?: Partial<HostEngineOptions>) => Promise<HostEngine>;
}

async function setUp(t: test.TestContext): Promise<Host> {
  const fixture = await RegistryFixture.start();
  const folder = await TestFolder.make();
  let engine: HostEngine | undefined;
  t.after(async () => {
    await engine?.close();
    await fixture.die();
    await folder[Symbol.asyncDispose]();
  });
  return {
    fixture,
    folder: folder.path,
    start: async (options) => {
      await engine?.close();
      engine = await engineFor(fixture.url, folder.path, options);
      return engine;
    },
  };
}

async function readAll(reader: BlobReader, from = 0): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let offset = from;
  while (offset < reader.size) {
    const bytes = await reader.read(offset, 100_000);
    assert.ok(bytes.length >= 1 && bytes.length <= 100_000);
    chunks.push(bytes);
    offset += bytes.length;
  }
  await reader.close();
  return Buffer.concat(chunks);
}

async function pull(engine: HostEngine, digest: Digest): Promise<Buffer> {
  const reader = await engine.fetcher.blobs.open(repository, digest);
  const [bytes] = await Promise.all([readAll(reader), reader.done]);
  return bytes;
}

function blobFile(folder: string, digest: Digest): string {
  return path.join(folder, 'blobs/sha256', digestHex(digest));
}

for (const [name, bytes] of [
  ['large', large],
  ['small', small],
  ['empty', Buffer.alloc(0)],
] as const) {
  test(`a ${name} blob comes over plain HTTP where there are no torrents, and is kept`, async (t) => {
    const { fixture, folder, start } = await setUp(t);
    const digest = fixture.addBlob(bytes);
    const engine = await start();
    assert.deepEqual(await pull(engine, digest), bytes);
    assert.deepEqual(await readFile(blobFile(folder, digest)), bytes);
    assert.deepEqual(await pull(engine, digest), bytes);
    assert.equal(fixture.count(/^GET .*\/blobs\//), 1);
    assert.equal(engine.fetcher.blobs.plainBytes, bytes.length);
    assert.deepEqual(await readdir(path.join(folder, 'partial')), []);
  });
}

test('a blob may be named by its SHA-512', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = digestOf('sha512', large);
  fixture.setBlob(digest, large);
  assert.deepEqual(await pull(await start(), digest), large);
});

test('a large blob with a torrent comes from its swarm, and is seeded from then on', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  fixture.addTorrent(large);
  const engine = await start();
  assert.deepEqual(await pull(engine, digest), large);
  const [progress] = engine.fetcher.blobs.downloads();
  assert.equal(progress?.state, 'complete');
  assert.equal(progress.verified, large.length);
  assert.equal(progress.piecesVerified, progress.pieceCount);
  assert.equal(progress.bytesFromRegistry, large.length);
  assert.equal(engine.fetcher.blobs.plainBytes, 0, 'the swarm itself used the registry');

  // A second host, which knows the first one only, gets it from there.
  await fixture.die();
  const metainfo = await engine.cache.torrents.find(digest);
  assert.ok(metainfo);
  await using second = await TestFolder.make();
  await using peer = await engineFor(fixture.url, second.path);
  const file = path.join(second.path, 'copy');
  const peers = [{ host: '127.0.0.1', port: engine.swarm.port }];
  await peer.swarm.download(metainfo, { path: file, webSeeds: [], peers }).done;
  assert.deepEqual(await readFile(file), large);
});

test('a small blob comes over plain HTTP though it has a torrent', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(small);
  fixture.addTorrent(small);
  const engine = await start();
  const reader = await engine.fetcher.blobs.open(repository, digest, small.length);
  assert.deepEqual(await readAll(reader), small);
  assert.equal(fixture.count(/torrents/), 0);
});

test('a blob is fetched once however many ask for it, also by two names', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  const { fetcher } = await start();
  const readers = await Promise.all([
    fetcher.blobs.open(repository, digest, large.length),
    fetcher.blobs.open(otherRepository, digest),
    fetcher.blobs.open(repository, digest),
  ]);
  const all = await Promise.all(readers.map((reader, index) => readAll(reader, index * 1000)));
  assert.deepEqual(all, [large, large.subarray(1000), large.subarray(2000)]);
  assert.equal(fixture.count(/^GET .*\/blobs\//), 1);
});

test('a blob that one repository lacks is taken from another', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  let release = (): void => {};
  fixture.intercept = (request, response) => {
    if (request.url?.startsWith('/v2/team/app/blobs/') !== true) return false;
    release = () => response.writeHead(404).end();
    return true;
  };
  const { fetcher } = await start();
  const first = fetcher.blobs.open(repository, digest);
  const second = fetcher.blobs.open(otherRepository, digest);
  while (fixture.count(/team\/app\/blobs/) === 0) await pause(5);
  release();
  assert.deepEqual(await readAll(await first), large);
  assert.deepEqual(await readAll(await second), large);
});

test('a blob can be read from any offset while it is on its way', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = sha256Of(large);
  let finish = (): void => {};
  fixture.intercept = (request, response) => {
    if (request.url?.includes('/blobs/') !== true) return false;
    response.writeHead(200, { 'content-length': large.length });
    response.write(large.subarray(0, 2_000_000));
    finish = () => response.end(large.subarray(2_000_000));
    return true;
  };
  const { fetcher } = await start();
  const reader = await fetcher.blobs.open(repository, digest);
  assert.equal(reader.size, large.length);
  const middle = await reader.read(1_500_000, 10);
  assert.deepEqual(Buffer.from(middle), large.subarray(1_500_000, 1_500_010));
  assert.equal(reader.progress().state, 'downloading');
  const gone = new AbortController();
  const waiting = reader.read(2_500_000, 10, gone.signal);
  gone.abort(new Error('went away'));
  await assert.rejects(waiting, /went away/);
  finish();
  assert.deepEqual(await readAll(reader), large);
});

test('the end of a blob is not given out before its digest is right', async (t) => {
  const { fixture, start } = await setUp(t);
  const wrong = Buffer.from(large);
  wrong[0] = ~(wrong[0] ?? 0);
  const digest = sha256Of(large);
  fixture.setBlob(digest, wrong);
  const { fetcher, cache } = await start();
  const reader = await fetcher.blobs.open(repository, digest);
  await assert.rejects(readAll(reader));
  await assert.rejects(reader.done, { code: 'FETCH_DIGEST_WRONG' });
  assert.equal(fixture.count(/^GET .*\/blobs\//), 2, 'it was asked for once more');
  assert.equal(await cache.blobs.find(digest), undefined);
  await assert.rejects(fetcher.blobs.open(repository, digest).then(readAll));
});

test('wrong bytes that came once are fetched again, unless a reader has seen them', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  const wrong = Buffer.from(large);
  wrong[2_999_999] = ~(wrong[2_999_999] ?? 0);
  let isFirst = true;
  let release = (): void => {};
  fixture.intercept = (request, response) => {
    if (request.url?.includes('/blobs/') !== true || !isFirst) return false;
    isFirst = false;
    response.writeHead(200, { 'content-length': wrong.length });
    response.write(wrong.subarray(0, 1_000_000));
    release = () => response.end(wrong.subarray(1_000_000));
    return true;
  };
  const { fetcher } = await start();
  const early = await fetcher.blobs.open(repository, digest);
  const late = await fetcher.blobs.open(repository, digest);
  assert.ok((await early.read(0, 10)).length > 0);
  release();
  await early.done;
  await assert.rejects(early.read(10, 10), { code: 'FETCH_BYTES_WRONG' });
  assert.deepEqual(await readAll(late), large);
});

test('a download that is cut goes on where it was', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  fixture.cut = { after: 1_000_000, times: 2 };
  const engine = await start();
  assert.deepEqual(await pull(engine, digest), large);
  assert.equal(fixture.count(/^GET .*\/blobs\//), 3);
  assert.ok(engine.fetcher.blobs.plainBytes <= large.length);
});

test('a download that is cut goes on at a registry without ranges, too', async (t) => {
  const { fixture, start } = await setUp(t);
  fixture.knowsRanges = false;
  const digest = fixture.addBlob(large);
  fixture.cut = { after: 1_000_000, times: 1 };
  assert.deepEqual(await pull(await start(), digest), large);
});

test('a body that ends early though its registry means well is never kept', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = sha256Of(large);
  fixture.intercept = (request, response) => {
    if (request.url?.includes('/blobs/') !== true) return false;
    // Chunked: nothing tells the client that bytes are missing.
    response.write(large.subarray(0, 1000), () => response.end());
    return true;
  };
  const { fetcher, cache } = await start();
  const reader = await fetcher.blobs.open(repository, digest, large.length);
  const stopped = assert.rejects(reader.done, { code: 'FETCH_CLOSED' });
  await pause(300);
  await fetcher.blobs.close();
  await stopped;
  assert.equal(await cache.blobs.find(digest), undefined);
});

test('a fetch over plain HTTP goes on after a restart with what it had', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  fixture.intercept = (request, response) => {
    if (request.url?.includes('/blobs/') !== true) return false;
    response.writeHead(200, { 'content-length': large.length });
    response.write(large.subarray(0, 2_000_000));
    return true;
  };
  const before = await start();
  const reader = await before.fetcher.blobs.open(repository, digest);
  await reader.read(1_700_000, 1);
  fixture.intercept = () => false;
  const after = await start();
  assert.deepEqual(await pull(after, digest), large);
  assert.ok(after.fetcher.blobs.plainBytes <= 1_300_000, String(after.fetcher.blobs.plainBytes));
  assert.ok((after.fetcher.blobs.downloads()[0]?.resumed ?? 0) >= 1_700_000);
});

test('what a restart finds half fetched and damaged is fetched anew', async (t) => {
  const { fixture, folder, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  await start();
  const file = path.join(folder, 'partial', `${digestHex(digest)}.plain`);
  for (const damage of [noise(1_000_000, 2), noise(large.length, 2), noise(4_000_000, 2)]) {
    await writeFile(file, damage);
    const engine = await start();
    await (
      await engine.fetcher.blobs.open(repository, digest)
    ).done;
    assert.deepEqual(await pull(engine, digest), large);
    await engine.cache.blobs.drop(digest);
  }
});

test('what a restart finds half fetched is verified before anybody reads it', async (t) => {
  const { fixture, folder, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  fixture.intercept = (request, response) => {
    if (request.url?.includes('/blobs/') !== true) return false;
    response.writeHead(200, { 'content-length': large.length });
    response.write(large.subarray(0, 2_000_000));
    return true;
  };
  const before = await start();
  const reader = await before.fetcher.blobs.open(repository, digest);
  await reader.read(1_700_000, 1);
  await before.close();
  const file = path.join(folder, 'partial', `${digestHex(digest)}.plain`);
  const damaged = await readFile(file);
  damaged[1000] = ~(damaged[1000] ?? 0);
  await writeFile(file, damaged);
  fixture.intercept = () => false;
  assert.deepEqual(await pull(await start(), digest), large);
});

test('a fetch from the swarm goes on after a restart with the pieces it had', async (t) => {
  const { fixture, folder, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  fixture.addTorrent(large);
  await start();
  const partial = Buffer.alloc(large.length);
  large.copy(partial, 65_536 * 10, 65_536 * 10, 65_536 * 40);
  await writeFile(path.join(folder, 'partial', digestHex(digest)), partial);
  const engine = await start();
  assert.deepEqual(await pull(engine, digest), large);
  const [progress] = engine.fetcher.blobs.downloads();
  assert.equal(progress?.resumed, 65_536 * 30);
  assert.equal(progress.bytesFromRegistry, large.length - 65_536 * 30);
});

test('a blob whose torrent is of other bytes comes over plain HTTP in the end', async (t) => {
  const { fixture, folder, start } = await setUp(t);
  const digest = sha256Of(large);
  const wrong = noise(large.length, 7);
  fixture.addTorrent(wrong, digest);
  fixture.setBlob(digest, wrong);
  // Whoever asks for ranges is the swarm's web seed.
  fixture.intercept = (request, response) => {
    if (request.url?.includes('/blobs/') !== true || request.headers.range) return false;
    response.end(large);
    return true;
  };
  const engine = await start();
  const reader = await engine.fetcher.blobs.open(repository, digest);
  await reader.read(0, 1);
  await reader.done;
  await assert.rejects(reader.read(1, 1), { code: 'FETCH_BYTES_WRONG' });
  assert.deepEqual(await pull(engine, digest), large);
  const [progress] = engine.fetcher.blobs.downloads();
  assert.equal(progress?.bytesFromRegistry, 2 * large.length);
  assert.equal(await engine.cache.torrents.find(digest), undefined, 'it is not used again');
  assert.deepEqual(await readdir(path.join(folder, 'partial')), []);
});

test('a torrent that is another blob’s is not used', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  const other = noise(large.length, 7);
  fixture.addTorrent(other);
  fixture.intercept = (request, response) => {
    if (request.url?.includes('/_docket/') !== true) return false;
    void fetch(new URL(`/v2/a/_docket/torrents/${sha256Of(other)}`, fixture.url))
      .then((answer) => answer.bytes())
      .then((bytes) => response.end(bytes));
    fixture.intercept = () => false;
    return true;
  };
  const engine = await start();
  assert.deepEqual(await pull(engine, digest), large);
  assert.equal(engine.fetcher.blobs.plainBytes, large.length);
});

test('a client that goes away does not stop the fetch', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  const { fetcher } = await start();
  const reader = await fetcher.blobs.open(repository, digest);
  await reader.close();
  await reader.done;
  assert.deepEqual(await readAll(await fetcher.blobs.open(repository, digest)), large);
  assert.equal(fixture.count(/^GET .*\/blobs\//), 1);
});

test('a blob that nobody has is refused at once, and can be had when it is there', async (t) => {
  const { fixture, folder, start } = await setUp(t);
  const { fetcher } = await start();
  const missing = await fetcher.blobs.open(repository, sha256Of(large)).catch((error) => error);
  assert.equal(missing.code, 'UPSTREAM_NOT_FOUND');
  assert.deepEqual(await readdir(path.join(folder, 'partial')), [], 'nothing is left of it');
  const digest = fixture.addBlob(large);
  assert.deepEqual(await readAll(await fetcher.blobs.open(repository, digest)), large);
});

test('a blob that the disk has no room for is refused before a byte of it comes', async (t) => {
  const { fixture, start } = await setUp(t);
  const { fetcher } = await start();
  await assert.rejects(fetcher.blobs.open(repository, sha256Of(large), 2 ** 52), {
    code: 'CACHE_FULL',
  });
  assert.equal(fixture.count(/\/blobs\//), 0);
});

test('a registry that is down is not waited for', { timeout: 5000 }, async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  const { fetcher } = await start();
  await fixture.die();
  await assert.rejects(fetcher.blobs.open(repository, digest), { code: 'UPSTREAM_UNREACHABLE' });
});

test('a blob in the cache that is damaged is fetched again', async (t) => {
  const { fixture, folder, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  fixture.addTorrent(large);
  const engine = await start();
  await pull(engine, digest);
  await writeFile(blobFile(folder, digest), noise(large.length, 3));
  assert.deepEqual(await pull(engine, digest), large);
  assert.deepEqual(await readFile(blobFile(folder, digest)), large);
  // And so it is when the damage was done while no agent ran.
  await start();
  await writeFile(blobFile(folder, digest), noise(large.length, 4));
  const again = await start();
  assert.deepEqual(await pull(again, digest), large);
});

test('what is in the cache needs no registry, also after a restart', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  await pull(await start(), digest);
  await fixture.die();
  const engine = await start();
  assert.deepEqual(await pull(engine, digest), large);
  assert.deepEqual(engine.fetcher.blobs.downloads(), [], 'nothing was fetched');
});

test('bytes from the registry keep to the rate', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  const engine = await start({ link: bothWays(3_000_000) });
  const begun = performance.now();
  await pull(engine, digest);
  const took = performance.now() - begun;
  assert.ok(took > 800 && took < 3000, `${took} ms`);
});

test('the limits of a host follow the hours that hold now', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  const now = new Date().getHours() * 60 + new Date().getMinutes();
  // An hour on either side: the test may begin at the end of a minute.
  const hours = [
    { from: (now + 1380) % 1440, until: (now + 60) % 1440, download: 3_000_000, upload: Infinity },
  ];
  const engine = await start({ link: { download: 100_000, hours } });
  const begun = performance.now();
  await pull(engine, digest);
  const took = performance.now() - begun;
  assert.ok(took > 800 && took < 3000, `${took} ms`);
});

test('a fetcher that is closed ends what waits for it', async (t) => {
  const { fixture, start } = await setUp(t);
  fixture.intercept = () => true;
  const { fetcher } = await start();
  const opening = [
    fetcher.blobs.open(repository, sha256Of(large), large.length),
    fetcher.blobs.open(repository, sha256Of(small), small.length),
  ];
  const ended = opening.map((blob) => assert.rejects(blob, { code: 'FETCH_CLOSED' }));
  while (fixture.requests.length < 2) await pause(5);
  await fetcher.blobs.close();
  await Promise.all(ended);
  await assert.rejects(fetcher.blobs.open(repository, sha256Of(large)), { code: 'FETCH_CLOSED' });
});

test('torrents are fetched ahead, each once', async (t) => {
  const { fixture, start } = await setUp(t);
  const digest = fixture.addBlob(large);
  fixture.addTorrent(large);
  const { fetcher, cache } = await start();
  const layer = { mediaType: 'x/y', digest, size: large.length };
  const config = { mediaType: 'x/y', digest: fixture.addBlob(small), size: small.length };
  await fetcher.blobs.prefetch(repository, [config, layer]);
  await fetcher.blobs.prefetch(repository, [config, layer]);
  while ((await cache.torrents.find(digest)) === undefined) await pause(5);
  await readAll(await fetcher.blobs.open(repository, digest, large.length));
  assert.equal(fixture.count(/torrents/), 1);
});

test('of the web seeds that a torrent names none is asked: bytes come from our registry alone', async (t) => {
  const { fixture, start } = await setUp(t);
  let asked = 0;
  const elsewhere = createServer((_, response) => {
    asked++;
    response.writeHead(500).end();
  });
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  t.after(() => elsewhere.close());
  const { port } = elsewhere.address() as AddressInfo;
  const digest = fixture.addBlob(large);
  fixture.addTorrent(large, digest, [`http://127.0.0.1:${port}/v2/team/app/blobs/${digest}`]);
  const engine = await start();
  assert.deepEqual(await pull(engine, digest), large);
  assert.equal(engine.swarm.totals().fromWebSeeds, large.length);
  assert.equal(asked, 0);
});

for (const [name, damage] of [
  [
    'other bytes',
    Buffer.concat([large.subarray(0, 700_000), Buffer.alloc(large.length - 700_000)]),
  ],
  ['too few bytes', large.subarray(0, 700_000)],
] as const) {
  test(`a blob whose file has ${name} while it is seeded is healed by its wrong pieces alone, and seeded again`, async (t) => {
    const { fixture, folder, start } = await setUp(t);
    const digest = fixture.addBlob(large);
    // Only the name of the repository is taken from it.
    fixture.addTorrent(large, digest, [`http://elsewhere.invalid/v2/team/app/blobs/${digest}`]);
    const engine = await start();
    await pull(engine, digest);
    const metainfo = metainfoOf(large);
    const before = engine.swarm.totals().fromWebSeeds;
    const peer = await FakePeer.dial({ host: '127.0.0.1', port: engine.swarm.port }, metainfo);
    await peer.hears('haveAll');
    await writeFile(blobFile(folder, digest), damage);
    peer.say(encodeSimple('interested'));
    await peer.hears('unchoke');
    const last = metainfo.pieceCount - 2;
    for (let begin = 0; begin < metainfo.pieceLength; begin += 16_384)
      peer.say(encodeBlock('request', { piece: last, begin, length: 16_384 }));
    await until('it answers', () => peer.isClosed || peer.all('piece').length === 4);
    peer.close();
    await until(
      'the file is right',
      () => {
        const file = blobFile(folder, digest);
        return existsSync(file) && readFileSync(file).equals(large);
      },
      15_000,
    );
    await until('it is done', () =>
      engine.fetcher.blobs.downloads().every(({ state }) => state === 'complete'),
    );
    const fetched = engine.swarm.totals().fromWebSeeds - before;
    assert.ok(
      fetched > 0 && fetched <= large.length - 700_000 + metainfo.pieceLength,
      `${fetched} bytes`,
    );
    const again = await FakePeer.dial({ host: '127.0.0.1', port: engine.swarm.port }, metainfo);
    await again.hears('haveAll');
    again.close();
  });
}
