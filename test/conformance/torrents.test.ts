import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { encodeAnnounceQuery, parseAnnounceResponse } from '../../src/torrent/announce.ts';
import type { InfoHash, PeerId } from '../../src/torrent/ids.ts';
import { parseMetainfo } from '../../src/torrent/metainfo.ts';
import { RegistryUnderTest } from './registry-under-test.ts';

let it: RegistryUnderTest;
const name = 'seeded/app';
const bytes = randomBytes(200_000);
let path: string;

before(async () => {
  it = await RegistryUnderTest.start();
  path = `/v2/${name}/_docket/torrents/${await it.pushBlob(name, bytes)}`;
});
after(() => it[Symbol.asyncDispose]());

const announce = (infoHash: InfoHash) => ({
  infoHash,
  peerId: 'f'.repeat(40) as PeerId,
  port: 7000,
  uploaded: 0,
  downloaded: 0,
  left: 1,
  event: 'started' as const,
  numWant: undefined,
  zone: undefined,
});

suite('the torrent of a blob', () => {
  test('is a torrent file named by the digest', async () => {
    const answer = await it.expect(200, 'GET', path);
    assert.equal(answer.headers['content-type'], 'application/x-bittorrent');
    const { name: torrentName, length, sha256 } = parseMetainfo(answer.body);
    assert.equal(length, bytes.length);
    assert.ok(sha256);
    assert.equal(
      answer.headers['content-disposition'],
      `attachment; filename="${torrentName}.torrent"`,
    );
    const head = await it.expect(200, 'HEAD', path);
    assert.equal(head.headers['content-length'], String(answer.body.length));
  });

  test('leads back to the registry by the name that the client used', async () => {
    for (const host of ['registry.example:8443', 'registry', '10.0.0.1:8000', '[fd00::1]:8000']) {
      const answer = await it.expect(200, 'GET', path, { headers: { Host: host } });
      const { trackers, webSeeds } = parseMetainfo(answer.body);
      assert.deepEqual(trackers, [[`http://${host}/announce`]]);
      const blob = path.replace('_docket/torrents', 'blobs');
      assert.deepEqual(webSeeds, [`http://${host}${blob}`]);
    }
  });

  for (const host of ['evil/x', 'a@b', 'a b', '"', 'a:b', 'x:1:2', '<a>', 'a?b', 'a#b', 'a\\b']) {
    test(`never holds the Host header ${JSON.stringify(host)}`, async () => {
      const answer = await it.expect(200, 'GET', path, { headers: { Host: host } });
      assert.deepEqual(parseMetainfo(answer.body).trackers, [[`${it.url}/announce`]]);
    });
  }

  test('is the same, however it is asked for', async () => {
    const hashes = await Promise.all(
      ['a:1', 'b:2'].map(async (host) =>
        parseMetainfo((await it.expect(200, 'GET', path, { headers: { Host: host } })).body),
      ),
    );
    assert.equal(hashes[0]?.infoHash, hashes[1]?.infoHash);
  });

  test('has a web seed that gives the bytes', async () => {
    const { webSeeds } = parseMetainfo((await it.expect(200, 'GET', path)).body);
    const url = new URL(webSeeds[0] ?? '');
    const answer = await it.expect(206, 'GET', url.pathname, {
      headers: { Range: 'bytes=65536-131071' },
    });
    assert.deepEqual(answer.body, bytes.subarray(65_536, 131_072));
  });

  test('is given only through a repository that has the blob', async () => {
    const elsewhere = path.replace(name, 'seeded/other');
    await it.refuses(404, 'BLOB_UNKNOWN', 'GET', elsewhere);
    await it.refuses(400, 'DIGEST_INVALID', 'GET', `/v2/${name}/_docket/torrents/latest`);
  });

  test('does not exist for the blob of no bytes', async () => {
    const empty = await it.pushBlob(name, Buffer.alloc(0));
    await it.refuses(404, 'BLOB_UNKNOWN', 'GET', `/v2/${name}/_docket/torrents/${empty}`);
  });
});

suite('the built-in tracker', () => {
  test('gives the origin, where the announce came to, to the first downloader', async () => {
    const { infoHash } = parseMetainfo((await it.expect(200, 'GET', path)).body);
    const answer = await it.expect(
      200,
      'GET',
      `/announce?${encodeAnnounceQuery(announce(infoHash))}`,
    );
    const { peers, complete } = parseAnnounceResponse(answer.body);
    assert.equal(peers.length, 1);
    assert.equal(peers[0]?.host, '127.0.0.1');
    assert.ok((peers[0]?.port ?? 0) > 0);
    assert.equal(complete, 1);
  });

  test('does not serve torrents that the registry does not have', async () => {
    const strange = announce('0'.repeat(40) as InfoHash);
    const answer = await it.expect(200, 'GET', `/announce?${encodeAnnounceQuery(strange)}`);
    assert.throws(() => parseAnnounceResponse(answer.body), { code: 'TRACKER_REFUSED' });
  });

  test('forgets a torrent whose blob is deleted', async () => {
    const digest = await it.pushBlob(name, randomBytes(100));
    const torrent = await it.expect(200, 'GET', `/v2/${name}/_docket/torrents/${digest}`);
    const query = encodeAnnounceQuery(announce(parseMetainfo(torrent.body).infoHash));
    parseAnnounceResponse((await it.expect(200, 'GET', `/announce?${query}`)).body);
    await it.expect(202, 'DELETE', `/v2/${name}/blobs/${digest}`);
    const answer = await it.expect(200, 'GET', `/announce?${query}`);
    assert.throws(() => parseAnnounceResponse(answer.body), { code: 'TRACKER_REFUSED' });
  });

  test('counts the origin in a scrape', async () => {
    const { infoHash } = parseMetainfo((await it.expect(200, 'GET', path)).body);
    const escaped = infoHash.replaceAll(/../g, '%$&');
    const answer = await it.expect(200, 'GET', `/scrape?info_hash=${escaped}`);
    assert.match(answer.body.toString('latin1'), /8:completei1e/);
  });
});
