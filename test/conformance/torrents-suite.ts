import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { encodeAnnounceQuery, parseAnnounceResponse } from '../../src/torrent/announce.ts';
import { announceOf } from '../../src/torrent/announce-fixture.ts';
import {
  batchContentType,
  encodeAnnounceBatch,
  parseAnnounceBatchResponse,
} from '../../src/torrent/announce-batch.ts';
import type { InfoHash } from '../../src/torrent/ids.ts';
import { parseMetainfo } from '../../src/torrent/metainfo.ts';
import { eventually } from '../lab/eventually.ts';
import { type RegistryUnderTest } from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

export function torrentsSuite(storage: StorageUnderTest): void {
  suite(`torrents and the tracker, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    const name = 'seeded/app';
    const bytes = randomBytes(200_000);
    let path: string;

    before(async () => {
      it = await storage.start();
      path = `/v2/${name}/_docket/torrents/${await it.pushBlob(name, bytes)}`;
    });
    after(() => it[Symbol.asyncDispose]());

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
        for (const host of [
          'registry.example:8443',
          'registry',
          '10.0.0.1:8000',
          '[fd00::1]:8000',
        ]) {
          const answer = await it.expect(200, 'GET', path, { headers: { Host: host } });
          const { trackers, webSeeds } = parseMetainfo(answer.body);
          assert.deepEqual(trackers, [[`http://${host}/announce`]]);
          const blob = path.replace('_docket/torrents', 'blobs');
          assert.deepEqual(webSeeds, [`http://${host}${blob}`]);
        }
      });

      for (const host of [
        'evil/x',
        'a@b',
        'a b',
        '"',
        'a:b',
        'x:1:2',
        '<a>',
        'a?b',
        'a#b',
        'a\\b',
      ]) {
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
          `/announce?${encodeAnnounceQuery(announceOf({ infoHash, event: 'started' }))}`,
        );
        const { peers, complete } = parseAnnounceResponse(answer.body);
        assert.equal(peers.length, 1);
        assert.equal(peers[0]?.host, '127.0.0.1');
        assert.ok((peers[0]?.port ?? 0) > 0);
        assert.equal(complete, 1);
      });

      test('does not serve torrents that the registry does not have', async () => {
        const strange = announceOf({ infoHash: '0'.repeat(40) as InfoHash });
        const answer = await it.expect(200, 'GET', `/announce?${encodeAnnounceQuery(strange)}`);
        assert.throws(() => parseAnnounceResponse(answer.body), { code: 'TRACKER_REFUSED' });
      });

      test('forgets a torrent whose blob is deleted', async () => {
        const digest = await it.pushBlob(name, randomBytes(100));
        const torrent = await it.expect(200, 'GET', `/v2/${name}/_docket/torrents/${digest}`);
        const query = encodeAnnounceQuery(
          announceOf({ infoHash: parseMetainfo(torrent.body).infoHash }),
        );
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

      test('answers announces on one connection, one after another and several at a time', async () => {
        const { infoHash } = parseMetainfo((await it.expect(200, 'GET', path)).body);
        const request = (port: number): string =>
          `GET /announce?${encodeAnnounceQuery({ ...announceOf({ infoHash, event: 'started' }), port })} HTTP/1.1\r\nHost: a\r\n\r\n`;
        const { hostname, port } = new URL(it.url);
        const socket = connect(Number(port), hostname);
        let text = '';
        socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
        socket.write(request(7001));
        await eventually('the answer', () => text.includes('incomplete'));
        socket.write(request(7002) + request(7003) + request(7001));
        await eventually('all answers', () => text.split('HTTP/1.1 200 OK').length === 5);
        socket.destroy();
        assert.equal(text.split('d8:complete').length, 5);
      });

      test('answers a peer that sends a body with its announce, and whoever asks in another form', async () => {
        const { infoHash } = parseMetainfo((await it.expect(200, 'GET', path)).body);
        const query = encodeAnnounceQuery(announceOf({ infoHash, event: 'started' }));
        for (const [target, call] of [
          [`/announce?${query}`, { body: 'x'.repeat(100_000) }],
          [`/announce?${query}`, { body: 'x', chunked: true }],
          [`http://registry/announce?${query}`, {}],
        ] as const) {
          const answer = await it.expect(200, 'GET', target, call);
          assert.ok(parseAnnounceResponse(answer.body).peers.length > 0);
        }
      });

      test('answers the announces of many torrents in one request', async () => {
        const { infoHash } = parseMetainfo((await it.expect(200, 'GET', path)).body);
        const { peerId, port, zone, ...figures } = announceOf({ infoHash, event: 'started' });
        const torrents = [figures, { ...figures, infoHash: '0'.repeat(40) as InfoHash }];
        const body = encodeAnnounceBatch({ peerId, port, zone, torrents });
        const headers = { 'Content-Type': batchContentType };
        const answer = await it.expect(200, 'POST', '/announce', { headers, body });
        assert.equal(answer.headers['content-type'], batchContentType);
        const [known, unknown] = parseAnnounceBatchResponse(answer.body, 2).torrents;

        assert.ok(known !== undefined && 'peers' in known && known.peers[0]?.host === '127.0.0.1');
        assert.ok(unknown !== undefined && 'failure' in unknown);
      });

      test('takes nothing else for a batch', async () => {
        const headers = { 'Content-Type': batchContentType };
        const large = await it.call('POST', '/announce', { headers, body: Buffer.alloc(300_000) });
        assert.equal(large.status, 413);
        await it.expect(415, 'POST', '/announce', { body: 'de' });
        const answer = await it.expect(200, 'POST', '/announce', { headers, body: 'de' });
        assert.throws(() => parseAnnounceBatchResponse(answer.body, 1), {
          code: 'TRACKER_REFUSED',
        });
      });
    });
  });
}
