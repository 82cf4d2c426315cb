import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { suite, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { batchContentType, parseAnnounceBatch } from '../torrent/announce-batch.ts';
import { parseAnnounceQuery, type AnnounceRequest } from '../torrent/announce.ts';
import { parseZone } from '../torrent/zone.ts';
import { Tracker } from '../tracker/tracker.ts';
import { addressOf, fastClock, noise, SwarmLab, until } from './swarm-fixtures.ts';

interface LabTracker {
  readonly url: string;
  /** What it was told. */
  readonly heard: AnnounceRequest[];
  /** What each announce must wait for before it is answered. */
  gate: () => Promise<void>;
  isDown: boolean;
  takesBatches: boolean;
  requests: number;
}

/** A real tracker behind a real HTTP server. */
async function startTracker(lab: SwarmLab): Promise<LabTracker> {
  const tracker = new Tracker({ clock: systemClock, random: Math.random });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const from = { host: request.socket.remoteAddress ?? '' };
    state.requests++;
    if (request.method === 'POST') {
      const body = Buffer.concat(await request.toArray());
      const { torrents, ...common } = parseAnnounceBatch(body);
      for (const torrent of torrents) state.heard.push({ ...common, ...torrent });
      await state.gate();
      response.setHeader('content-type', batchContentType);
      response.end(await tracker.announceBatch(body, from));
      return;
    }
    const search = URL.parse(request.url ?? '', 'http://tracker')?.search ?? '';
    state.heard.push(parseAnnounceQuery(search));
    await state.gate();
    response.end(await tracker.announce(search, from));
  };
  const server = createServer((request, response) => {
    if (state.isDown) response.writeHead(503).end();
    else if (request.method === 'POST' && !state.takesBatches) response.writeHead(405).end();
    else void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  lab.defer(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    await tracker.close();
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const state: LabTracker = {
    url: `http://127.0.0.1:${port}/announce`,
    heard: [],
    gate: () => Promise.resolve(),
    isDown: false,
    takesBatches: true,
    requests: 0,
  };
  return state;
}

const bytes = noise(1_000_000);

suite('announcing', { timeout: 60_000 }, () => {
  test('a download starts, completes and stops at its tracker, with its figures', async () => {
    await using lab = await SwarmLab.create();
    const tracker = await startTracker(lab);
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const host = await lab.start([], { zone: parseZone('rack-7') });
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      trackers: [[tracker.url]],
      peers: [addressOf(seeder)],
    });
    await download.done;
    await until('it has told of its end', () => tracker.heard.length >= 2);
    await download.stop();
    assert.deepEqual(
      tracker.heard.map(({ event }) => event),
      ['started', 'completed', 'stopped'],
    );
    const [started, completed, stopped] = tracker.heard;
    assert.equal(started?.port, host.port);
    assert.equal(started?.zone, 'rack-7');
    assert.equal(started?.numWant, 50);
    assert.deepEqual([completed?.left, completed?.downloaded], [0, bytes.length]);
    assert.equal(completed?.numWant, 0);
    assert.equal(stopped?.peerId, started?.peerId);
    for (const { infoHash } of tracker.heard) assert.equal(infoHash, seed.metainfo.infoHash);
  });

  test('a download that is done before its first announce is answered still tells that it is complete', async () => {
    await using lab = await SwarmLab.create();
    const tracker = await startTracker(lab);
    const open = Promise.withResolvers<void>();
    tracker.gate = () => open.promise;
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const host = await lab.start();
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      trackers: [[tracker.url]],
      peers: [addressOf(seeder)],
    });
    await download.done;
    open.resolve();
    await until('both events have come', () => tracker.heard.length >= 2);
    assert.deepEqual(
      tracker.heard.map(({ event }) => event),
      ['started', 'completed'],
    );
  });

  test('events that the tracker missed while it was away are told when it is back', async () => {
    await using lab = await SwarmLab.create();
    const tracker = await startTracker(lab);
    tracker.isDown = true;
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const host = await lab.start([], { clock: fastClock(50) });
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      trackers: [[tracker.url]],
      peers: [addressOf(seeder)],
    });
    await download.done;
    tracker.isDown = false;
    await until('both events have come', () => tracker.heard.length >= 2);
    assert.deepEqual(
      tracker.heard.map(({ event }) => event),
      ['started', 'completed'],
    );
  });

  test('what was whole on disk already has completed nothing', async () => {
    await using lab = await SwarmLab.create();
    const tracker = await startTracker(lab);
    const seed = await lab.seed(bytes);
    const host = await lab.start();
    const download = host.download(seed.metainfo, { path: seed.path, trackers: [[tracker.url]] });
    await download.done;
    await until('it is announced', () => tracker.heard.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(
      tracker.heard.map(({ event, left }) => [event, left]),
      [['started', 0]],
    );
  });

  test('seeds that are announced are found, and those that are withdrawn are not', async () => {
    await using lab = await SwarmLab.create();
    const tracker = await startTracker(lab);
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    seeder.announceSeed(seed.metainfo.infoHash, [[tracker.url]]);
    seeder.announceSeed(seed.metainfo.infoHash, [[tracker.url]]);
    await until('the seed is announced', () => tracker.heard.length === 1);
    const options = { trackers: [[tracker.url]] };
    const host = await lab.start();
    await host.download(seed.metainfo, { ...options, path: lab.path('copy') }).done;
    assert.equal(seeder.totals().sent, bytes.length);
    seeder.withdraw(seed.metainfo.infoHash);
    await until('it has said good-bye', () =>
      tracker.heard.some(({ event, port }) => event === 'stopped' && port === seeder.port),
    );
  });

  test('hosts that know only the tracker find each other and share', async () => {
    await using lab = await SwarmLab.create();
    const tracker = await startTracker(lab);
    const seed = await lab.seed(noise(6_000_000));
    const origin = await lab.start([seed], { isOrigin: true, rate: 6_000_000 });
    origin.announceSeed(seed.metainfo.infoHash, [[tracker.url]]);
    await until('the origin is announced', () => tracker.heard.length === 1);
    const hosts = await Promise.all([1, 2, 3, 4].map(() => lab.start([], { rate: 6_000_000 })));
    const downloads = hosts.map((host, index) =>
      host.download(seed.metainfo, { path: lab.path(`copy-${index}`), trackers: [[tracker.url]] }),
    );
    await Promise.all(downloads.map((download) => download.done));
    assert.ok(origin.totals().sent < 2.5 * 6_000_000, `${origin.totals().sent}`);
  });

  test('a downloaded blob goes on being announced as a seed, and closing says good-bye', async () => {
    await using lab = await SwarmLab.create();
    const tracker = await startTracker(lab);
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const host = await lab.start();
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      trackers: [[tracker.url]],
      peers: [addressOf(seeder)],
    });
    await download.done;
    host.announceSeed(seed.metainfo.infoHash, [[tracker.url]]);
    await until('it has told of its end', () => tracker.heard.length >= 2);
    await host.close();
    assert.deepEqual(
      tracker.heard.map(({ event }) => event),
      ['started', 'completed', 'stopped'],
    );
  });

  test('the layers of an image are announced in one request, and so are their ends', async () => {
    for (const takesBatches of [true, false]) {
      await using lab = await SwarmLab.create();
      const tracker = await startTracker(lab);
      tracker.takesBatches = takesBatches;
      const layers = await Promise.all(
        [1, 2, 3, 4, 5].map((seed) => lab.seed(noise(300_000, seed))),
      );
      const seeder = await lab.start(layers);
      for (const { metainfo } of layers) seeder.announceSeed(metainfo.infoHash, [[tracker.url]]);
      await until('the seeds are announced', () => tracker.heard.length === 5);
      assert.equal(tracker.requests, takesBatches ? 1 : 5);

      const host = await lab.start();
      const downloads = layers.map(({ metainfo }, index) =>
        host.download(metainfo, { path: lab.path(`${index}`), trackers: [[tracker.url]] }),
      );
      await Promise.all(downloads.map(({ done }) => done));
      assert.equal(seeder.totals().sent, 5 * 300_000);
      const completed = (): number =>
        tracker.heard.filter(({ event }) => event === 'completed').length;
      await until('the host has told of its layers', () => completed() === 5);
      tracker.requests = 0;
      await seeder.close();
      assert.equal(tracker.requests, takesBatches ? 1 : 5);
      const stopped = tracker.heard.filter(({ event }) => event === 'stopped');
      assert.equal(new Set(stopped.map(({ infoHash }) => infoHash)).size, 5);
      await host.close();
    }
  });

  test('a tracker that does not answer holds up neither the download nor the end', async () => {
    await using lab = await SwarmLab.create();
    const tracker = await startTracker(lab);
    tracker.gate = () => new Promise(() => {});
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const host = await lab.start();
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      trackers: [[tracker.url], ['http://127.0.0.1:1/announce', 'udp://not.supported/announce']],
      peers: [addressOf(seeder)],
    });
    await download.done;
    const begun = performance.now();
    await download.stop();
    assert.ok(performance.now() - begun < 1_500);
  });
});
