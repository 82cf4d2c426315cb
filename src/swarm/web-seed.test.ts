import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { suite, test } from 'node:test';
import { encodeBitfield, encodeSimple } from '../torrent/wire.ts';
import { FakePeer, seedWith, sliceOf } from './fake-peer.ts';
import { addressOf, fastClock, noise, SwarmLab, until } from './swarm-fixtures.ts';

const pieceLength = 65_536;
const bytes = noise(100 * pieceLength - 77);

type Answer = (range: Range, response: ServerResponse, request: IncomingMessage) => void;
interface Range {
  readonly first: number;
  readonly last: number;
}

/** An HTTP server whose requests `answer` answers, and the ranges it was asked for. */
async function serve(lab: SwarmLab, answer: Answer): Promise<{ url: string; asked: Range[] }> {
  const asked: Range[] = [];
  const server = createServer((request, response) => {
    const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const range = { first: Number(match?.[1]), last: Number(match?.[2]) };
    asked.push(range);
    answer(range, response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  lab.defer(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return { url: `http://127.0.0.1:${port}/blob`, asked };
}

function partial(range: Range, response: ServerResponse): void {
  partialWith(bytes.subarray(range.first, range.last + 1), range, response);
}

function partialWith(body: Buffer, { first, last }: Range, response: ServerResponse): void {
  response.writeHead(206, {
    'content-range': `bytes ${first}-${last}/${bytes.length}`,
    'content-length': body.length,
  });
  response.end(body);
}

function wrong(range: Range, response: ServerResponse): void {
  partialWith(Buffer.alloc(range.last + 1 - range.first, 1), range, response);
}

suite('web seed', { timeout: 60_000 }, () => {
  test('without any peer the blob comes over HTTP, each piece once, with the headers given', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const keys = new Set<string | undefined>();
    const { url, asked } = await serve(lab, (range, response, request) => {
      keys.add(request.headers.authorization);
      partial(range, response);
    });
    const host = await lab.start();
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      webSeeds: [url],
      webSeedHeaders: { authorization: 'Bearer lab' },
    });
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    assert.deepEqual(keys, new Set(['Bearer lab']));
    const { bytesFromWebSeeds, bytesFromPeers } = download.progress();
    assert.deepEqual([bytesFromWebSeeds, bytesFromPeers], [bytes.length, 0]);
    assert.equal(
      asked.reduce((sum, { first, last }) => sum + last + 1 - first, 0),
      bytes.length,
    );
    // A run of pieces in one request: not a request for each piece.
    assert.ok(asked.length <= 8, `${asked.length} requests`);
    assert.equal(host.totals().fromWebSeeds, bytes.length);
  });

  test('while peers help the registry is not asked', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed], { rate: 8_000_000 });
    const { url, asked } = await serve(lab, partial);
    const host = await lab.start();
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      peers: [addressOf(seeder)],
      webSeeds: [url],
    });
    await download.done;
    assert.deepEqual(asked, []);
    assert.equal(download.progress().bytesFromPeers, bytes.length);
  });

  test('peers that have everything but give nothing are borne for a while, then it is asked', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const begun = performance.now();
    let askedAfter = 0;
    const { url } = await serve(lab, (range, response) => {
      askedAfter ||= (performance.now() - begun) * 50;
      partial(range, response);
    });
    const host = await lab.start([], { clock: fastClock(50) });
    const download = host.download(seed.metainfo, { path: lab.path('copy'), webSeeds: [url] });
    const miser = await FakePeer.dial(addressOf(host), seed.metainfo);
    seedWith(() => undefined)(miser);
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    assert.ok(askedAfter > 14_000 && askedAfter < 200_000, `${askedAfter} ms`);
    miser.close();
  });

  test('what is refused, cut, too long, wrong or the whole blob is asked for again until it is right', async () => {
    const faults: Record<string, Answer> = {
      'a 503': (_, response) => response.writeHead(503).end('later'),
      'the whole blob (200)': (_, response) => response.writeHead(200).end(bytes),
      'a redirect': (_, response) => response.writeHead(307, { location: '/other' }).end(),
      'a body that breaks off': ({ first, last }, response) => {
        response.writeHead(206, { 'content-length': last + 1 - first });
        response.write(bytes.subarray(first, first + 100_000));
        setTimeout(() => response.destroy(), 10);
      },
      'a body that ends early in good order': ({ first }, response) =>
        response.writeHead(206).end(bytes.subarray(first, first + 100_000)),
      'an empty body': (_, response) => response.writeHead(206).end(),
      'a body that is too long': ({ first, last }, response) => {
        response.writeHead(206);
        response.end(Buffer.concat([bytes.subarray(first, last + 1), Buffer.alloc(500_000)]));
      },
      'wrong bytes': wrong,
      'another range': ({ first, last }, response) => {
        const other = first >= 1_000_000 ? 0 : 1_000_000;
        response.writeHead(206, {
          'content-range': `bytes ${other}-${other + last - first}/${bytes.length}`,
        });
        response.end(bytes.subarray(other, other + last + 1 - first));
      },
    };
    await Promise.all(
      Object.entries(faults).map(async ([fault, answer]) => {
        await using lab = await SwarmLab.create();
        const seed = await lab.seed(bytes);
        const { url, asked } = await serve(lab, (range, response, request) =>
          asked.length <= 2 ? answer(range, response, request) : partial(range, response),
        );
        const host = await lab.start([], { clock: fastClock(20) });
        const download = host.download(seed.metainfo, { path: lab.path('copy'), webSeeds: [url] });
        await download.done;
        assert.deepEqual(await readFile(lab.path('copy')), bytes, fault);
        assert.ok(asked.length >= 2, fault);
      }),
    );
  });

  test('a web seed that always gives wrong bytes is asked ever more seldom, and the download does not hang', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const { url, asked } = await serve(lab, wrong);
    const host = await lab.start([], { clock: fastClock(20) });
    const download = host.download(seed.metainfo, { path: lab.path('copy'), webSeeds: [url] });
    await until('it was asked', () => asked.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.ok(asked.length <= 6, `${asked.length} requests in 20 s`);
    assert.equal(download.progress().verified, 0);
  });

  test('of two web seeds the one that works brings the blob', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const broken = await serve(lab, (_, response) => response.writeHead(500).end());
    const works = await serve(lab, partial);
    const host = await lab.start([], { clock: fastClock(20) });
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      webSeeds: [broken.url, works.url, 'http://127.0.0.1:1/nothing-listens'],
    });
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    assert.equal(broken.asked.length, 1);
  });

  test('a stopped download ends the request that is under way', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    let isClosed = false;
    const { url, asked } = await serve(lab, (_, response) => {
      response.on('close', () => (isClosed = true));
      response.writeHead(206).flushHeaders();
    });
    const host = await lab.start();
    const download = host.download(seed.metainfo, { path: lab.path('copy'), webSeeds: [url] });
    await until('it was asked', () => asked.length > 0);
    await download.stop();
    await until('the request is over', () => isClosed);
  });

  test('a web seed and peers together bring a blob of which peers have half', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const { url } = await serve(lab, partial);
    const host = await lab.start([], { clock: fastClock(20) });
    const download = host.download(seed.metainfo, { path: lab.path('copy'), webSeeds: [url] });
    const half = await FakePeer.dial(addressOf(host), seed.metainfo);
    half.say(encodeBitfield(Buffer.concat([Buffer.alloc(6, 255), Buffer.alloc(7)])));
    half.onMessage = (message) => {
      if (message.type === 'interested') half.say(encodeSimple('unchoke'));
      if (message.type === 'request')
        half.sendBlock(message.block, sliceOf(bytes, seed.metainfo, message.block));
    };
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    const { bytesFromPeers, bytesFromWebSeeds } = download.progress();
    assert.equal(bytesFromPeers, 48 * pieceLength);
    assert.equal(bytesFromWebSeeds, bytes.length - bytesFromPeers);
    half.close();
  });
});
