import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AnnounceBatch,
  batchContentType,
  encodeAnnounceBatchResponse,
  parseAnnounceBatch,
} from '../torrent/announce-batch.ts';
import {
  type AnnounceRequest,
  encodeAnnounceResponse,
  parseAnnounceQuery,
} from '../torrent/announce.ts';
import { announceOf } from '../torrent/announce-fixture.ts';
import type { InfoHash } from '../torrent/ids.ts';
import { encodeTrackerFailure } from '../torrent/tracker-answer.ts';
import { parseZone } from '../torrent/zone.ts';
import { HttpTrackerClient, type HttpTrackerClientOptions } from './http-tracker-client.ts';

const announce = announceOf({
  // Bytes of all kinds in the query.
  infoHash: '00ff2526417e20'.padEnd(40, 'd3') as InfoHash,
  uploaded: 1,
  downloaded: 2,
  left: 3,
  event: 'started',
  numWant: 40,
  zone: parseZone('rack-7'),
});

const { infoHash, uploaded, downloaded, left, event, numWant } = announce;
const told = { infoHash, uploaded, downloaded, left, event, numWant };
const batch: AnnounceBatch = {
  peerId: announce.peerId,
  port: 6881,
  zone: undefined,
  torrents: [told, { ...told, infoHash: 'ab'.repeat(20) as InfoHash, event: undefined }],
};

/** A tracker on a free port, and a client; both are gone when the test ends. */
async function setUp(
  t: TestContext,
  listener: (...args: Parameters<RequestListener>) => unknown,
  options?: HttpTrackerClientOptions,
): Promise<{ client: HttpTrackerClient; url: string }> {
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const client = new HttpTrackerClient(options);
  t.after(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { client, url: `http://127.0.0.1:${port}/announce` };
}

suite('HTTP tracker client', { timeout: 10_000 }, () => {
  test('an announce reaches the tracker as it was meant, and its answer comes back', async (t) => {
    let received: AnnounceRequest | undefined;
    const answer = {
      interval: 30,
      minInterval: 3,
      complete: 1,
      incomplete: 2,
      peers: [
        { host: '10.0.0.1', port: 6881 },
        { host: 'fd00::1', port: 6882 },
      ],
    };
    const { client, url } = await setUp(t, (request, response) => {
      received = parseAnnounceQuery(request.url?.replace(/^[^?]*/, '') ?? '');
      response.end(encodeAnnounceResponse(answer));
    });

    assert.deepEqual(await client.announce(url, announce), answer);
    assert.deepEqual(received, announce);
  });

  test("a tracker's own parameters are kept", async (t) => {
    let asked = '';
    const { client, url } = await setUp(t, (request, response) => {
      asked = request.url ?? '';
      response.end('d8:intervali5ee');
    });

    await client.announce(`${url}?key=s%26cret`, announce);
    assert.match(asked, /^\/announce\?key=s%26cret&info_hash=%00%ff%25%26%41/);
  });

  test('a failure reason is an error that carries it, whatever the status', async (t) => {
    const { client, url } = await setUp(t, (request, response) => {
      response.statusCode = request.url?.includes('forbidden') === true ? 403 : 200;
      response.end(encodeTrackerFailure('not on my list'));
    });

    const refused = { code: 'TRACKER_REFUSED', message: 'not on my list' };
    await assert.rejects(client.announce(url, announce), refused);
    await assert.rejects(client.announce(`${url}?forbidden`, announce), refused);
  });

  test('an answer that is no tracker answer is an error', async (t) => {
    const { client, url } = await setUp(t, (_, response) => {
      response.statusCode = 404;
      response.end('<html>not found</html>');
    });

    await assert.rejects(client.announce(url, announce), {
      code: 'TRACKER_ANSWER_INVALID',
      message: /404/,
    });
  });

  test('a redirect is followed nowhere', async (t) => {
    const asked: (string | undefined)[] = [];
    const { client, url } = await setUp(t, (request, response) => {
      asked.push(request.url?.split('?')[0]);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });

    await assert.rejects(client.announce(url, announce), { message: /302/ });
    assert.equal(asked.length, 1);
  });

  test('an answer without end is given up at 64 KiB', async (t) => {
    let sent = 0;
    const { client, url } = await setUp(t, (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384))) sent += 16_384;
      };
      response.on('drain', more);
      more();
    });

    await assert.rejects(client.announce(url, announce), { code: 'TRACKER_ANSWER_TOO_LARGE' });
    const afterwards = sent;
    await delay(50);
    assert.equal(sent, afterwards);
  });

  test('a tracker that does not answer is given up in time, in the headers and in the body', async (t) => {
    const { client, url } = await setUp(
      t,
      (request, response) => {
        if (request.url?.includes('body') === true) response.write('d8:interval');
      },
      { timeout: 50 },
    );

    await assert.rejects(client.announce(url, announce), { code: 'TRACKER_TIMEOUT' });
    await assert.rejects(client.announce(`${url}?body`, announce), { code: 'TRACKER_TIMEOUT' });
  });

  test('a caller that has enough ends an announce with its own reason', async (t) => {
    const { client, url } = await setUp(t, () => {});
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 20);

    await assert.rejects(client.announce(url, announce, controller.signal), reason);
    await assert.rejects(client.announce(url, announce, controller.signal), reason);
  });

  test('a tracker that is not there is an error that names it', async (t) => {
    const { client, url } = await setUp(t, (request) => {
      request.destroy();
    });

    await assert.rejects(client.announce(url, announce), { code: 'TRACKER_UNREACHABLE' });
    await assert.rejects(client.announce('http://127.0.0.1:1/announce', announce), {
      code: 'TRACKER_UNREACHABLE',
      message: /http:\/\/127\.0\.0\.1:1\/announce.*ECONNREFUSED/,
    });
  });

  test('many torrents go in one request, and each has its answer', async (t) => {
    let heard: AnnounceBatch | undefined;
    let asked = '';
    const peers = [{ host: '10.0.0.1', port: 6881 }];
    const torrents = [{ interval: 30, complete: 1, incomplete: 0, peers }, { failure: 'no' }];
    const { client, url } = await setUp(t, async (request, response) => {
      asked = `${request.method} ${request.url} ${request.headers['content-type']}`;
      heard = parseAnnounceBatch(Buffer.concat(await request.toArray()));
      response.setHeader('Content-Type', batchContentType);
      response.end(encodeAnnounceBatchResponse({ interval: 30, minInterval: 3, torrents }));
    });

    const answer = await client.announceBatch(`${url}?key=1`, batch);
    assert.deepEqual(answer, { interval: 30, minInterval: 3, torrents });
    assert.deepEqual(heard, batch);
    assert.equal(asked, `POST /announce?key=1 ${batchContentType}`);
  });

  test('a tracker that answers a batch otherwise takes one torrent at a time; one that is ill may take more', async (t) => {
    const { client, url } = await setUp(t, ({ url: path = '' }, response) => {
      response.statusCode = Number(/\d{3}/.exec(path)?.[0]);
      response.end(encodeTrackerFailure('no info_hash'));
    });

    for (const status of [200, 400, 404, 405]) {
      await assert.rejects(client.announceBatch(`${url}?${status}`, batch), {
        code: 'TRACKER_WITHOUT_BATCHES',
      });
    }
    await assert.rejects(client.announceBatch(`${url}?503`, batch), {
      code: 'TRACKER_ANSWER_INVALID',
      message: /503/,
    });
  });

  test('only HTTP trackers are asked', async (t) => {
    const { client } = await setUp(t, () => {});

    for (const url of ['udp://127.0.0.1:1/announce', 'file:///etc/passwd', 'tracker', '']) {
      await assert.rejects(client.announce(url, announce), { code: 'TRACKER_URL_INVALID' });
    }
  });

  test('closing ends the announces that are under way', async (t) => {
    const { client, url } = await setUp(t, () => {});
    const waiting = assert.rejects(client.announce(url, announce), { code: 'TRACKER_UNREACHABLE' });
    await delay(20);
    await client.close();
    await waiting;
  });
});
