import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import {
  encodeAnnounceQuery,
  parseAnnounceResponse,
  type AnnounceRequest,
} from '../torrent/announce.ts';
import { announceOf } from '../torrent/announce-fixture.ts';
import {
  type BatchedAnswer,
  encodeAnnounceBatch,
  parseAnnounceBatchResponse,
} from '../torrent/announce-batch.ts';
import type { InfoHash, PeerId } from '../torrent/ids.ts';
import { encodeScrapeQuery, parseScrapeResponse } from '../torrent/scrape.ts';
import { Tracker, type TrackerOptions } from './tracker.ts';

const torrent = '0123456789abcdef'.repeat(3).slice(0, 40) as InfoHash;
const other = 'ff'.repeat(20) as InfoHash;
const origin = { host: '192.0.2.1', port: 6999 };

function query(change: Partial<AnnounceRequest> = {}): string {
  return `?${encodeAnnounceQuery(announceOf({ infoHash: torrent, ...change }))}`;
}

function setUp(
  t: TestContext,
  options: Partial<TrackerOptions> = {},
): { tracker: Tracker; clock: ManualClock } {
  const clock = new ManualClock();
  const tracker = new Tracker({ clock, random: seededRandom(3), ...options });
  t.after(() => tracker.close());
  return { tracker, clock };
}

suite('tracker', () => {
  test('a peer is given the others, the origin, and when to come again', async (t) => {
    const { tracker } = setUp(t);
    await tracker.announce(query({ left: 0 }), { host: '10.0.0.1' }, origin);
    await tracker.announce(query({ port: 7000 }), { host: '2001:db8::5' }, origin);
    const answer = parseAnnounceResponse(
      await tracker.announce(query(), { host: '10.0.0.2' }, origin),
    );

    assert.deepEqual(
      { ...answer, peers: answer.peers.map(({ host, port }) => `${host} ${port}`).toSorted() },
      {
        interval: 30,
        minInterval: 3,
        complete: 2,
        incomplete: 2,
        peers: ['10.0.0.1 6881', '192.0.2.1 6999', '2001:db8::5 7000'],
      },
    );
  });

  test('a seed comes more seldom, and is given neither the origin nor other seeds', async (t) => {
    const { tracker } = setUp(t);
    await tracker.announce(query({ left: 0 }), { host: '10.0.0.1' });
    const answer = parseAnnounceResponse(
      await tracker.announce(query({ left: 0, event: 'completed' }), { host: '10.0.0.2' }, origin),
    );

    assert.equal(answer.interval, 900);
    assert.deepEqual(answer.peers, []);
    assert.equal(answer.complete, 3);
  });

  test('a peer is where its connection comes from, whatever it says, and IPv4 is IPv4 on any socket', async (t) => {
    const { tracker } = setUp(t);
    await tracker.announce(`${query()}&ip=10.6.6.6&ipv6=::6`, { host: '::ffff:10.0.0.1' });
    const { peers } = parseAnnounceResponse(await tracker.announce(query(), { host: '10.0.0.2' }));

    assert.deepEqual(peers, [{ host: '10.0.0.1', port: 6881 }]);
    const nowhere = await tracker.announce(query(), { host: 'somewhere' });
    assert.throws(() => parseAnnounceResponse(nowhere), { code: 'TRACKER_REFUSED' });
  });

  test('a peer that stops is gone at once, and only its own host can stop it', async (t) => {
    const { tracker } = setUp(t);
    await tracker.announce(query(), { host: '10.0.0.1' });
    await tracker.announce(query({ event: 'stopped' }), { host: '10.0.0.66' });
    const before = parseAnnounceResponse(await tracker.announce(query(), { host: '10.0.0.2' }));
    const farewell = await tracker.announce(query({ event: 'stopped' }), { host: '10.0.0.1' });
    const after = parseAnnounceResponse(await tracker.announce(query(), { host: '10.0.0.2' }));

    assert.equal(before.peers.length, 1);
    assert.deepEqual(parseAnnounceResponse(farewell).peers, []);
    assert.deepEqual(after.peers, []);
  });

  test('a peer that misses two announces is forgotten', async (t) => {
    const { tracker, clock } = setUp(t, { downloaderInterval: 10, seedInterval: 100 });
    await tracker.announce(query(), { host: '10.0.0.1' });
    await tracker.announce(query({ left: 0 }), { host: '10.0.0.2' });
    const peersAfter = async (milliseconds: number): Promise<number> => {
      clock.advance(milliseconds);
      const answer = await tracker.announce(query({ port: 0 }), { host: '10.0.0.3' });
      return parseAnnounceResponse(answer).peers.length;
    };

    assert.equal(await peersAfter(34_000), 2);
    assert.equal(await peersAfter(6_000), 1);
    assert.equal(await peersAfter(170_000), 1);
    assert.equal(await peersAfter(15_000), 0);
  });

  test('torrents that are not allowed are refused, in scrapes left out', async (t) => {
    const { tracker } = setUp(t, { allows: async (infoHash) => infoHash === torrent });
    await tracker.announce(query(), { host: '10.0.0.1' });
    const refused = await tracker.announce(query({ infoHash: other }), { host: '10.0.0.1' });
    const scraped = await tracker.scrape(encodeScrapeQuery([torrent, other]), origin);

    assert.throws(() => parseAnnounceResponse(refused), {
      code: 'TRACKER_REFUSED',
      message: 'this torrent is not tracked here',
    });
    assert.deepEqual(
      [...parseScrapeResponse(scraped)],
      [[torrent, { complete: 1, incomplete: 1, downloaded: 0 }]],
    );
  });

  test('what cannot be understood is answered with the reason', async (t) => {
    const { tracker } = setUp(t);
    const reasons = await Promise.all(
      [
        '',
        '?',
        '?info_hash=%zz',
        query().replace(/info_hash=[^&]*/, 'info_hash=%00'),
        '?compact=1&&=',
      ]
        .map(async (search) => await tracker.announce(search, { host: '10.0.0.1' }))
        .concat(
          [
            '',
            '?info_hash=short',
            encodeScrapeQuery(Array.from({ length: 65 }, () => torrent)),
          ].map(async (search) => await tracker.scrape(search)),
        ),
    );

    for (const reason of reasons) {
      assert.throws(() => parseAnnounceResponse(reason), {
        code: 'TRACKER_REFUSED',
        message: /\w{3}/,
      });
    }
  });

  test('when the list of torrents cannot be read, the peer learns that it may try again, and nothing else', async (t) => {
    const { tracker } = setUp(t, {
      allows: () => Promise.reject(new Error('SQLITE_BUSY at /secret/path')),
    });
    const answer = await tracker.announce(query(), { host: '10.0.0.1' });

    assert.throws(() => parseAnnounceResponse(answer), {
      code: 'TRACKER_REFUSED',
      message: 'the tracker could not answer, try again later',
    });
  });

  test('a client that cannot read the compact form is given dictionaries', async (t) => {
    const { tracker } = setUp(t);
    await tracker.announce(query(), { host: '10.0.0.1' });
    await tracker.announce(query(), { host: '2001:db8::5' });
    const search = query().replace('compact=1', 'compact=0');
    const body = await tracker.announce(search, { host: '10.0.0.2' });

    assert.match(body.toString('latin1'), /5:peersld2:ip/);
    const hosts = parseAnnounceResponse(body).peers.map(({ host }) => host);
    assert.deepEqual(hosts.toSorted(), ['10.0.0.1', '2001:db8::5']);
  });

  test('a host that announces over both families is listed with both addresses', async (t) => {
    const { tracker } = setUp(t);
    await tracker.announce(query(), { host: '10.0.0.1' });
    await tracker.announce(query(), { host: '2001:db8::1' });
    const { peers, incomplete } = parseAnnounceResponse(
      await tracker.announce(query(), { host: '::ffff:10.0.0.2' }),
    );

    assert.equal(incomplete, 3);
    assert.deepEqual(peers.map(({ host }) => host).toSorted(), ['10.0.0.1', '2001:db8::1']);
  });

  test("nobody is sent to a host's own services, whatever port a peer names", async (t) => {
    const { tracker } = setUp(t);
    for (const port of [0, 22, 1023, 1024]) {
      await tracker.announce(query({ port }), { host: `10.0.1.${port % 200}` });
    }
    const { peers } = parseAnnounceResponse(await tracker.announce(query(), { host: '10.0.0.2' }));

    assert.deepEqual(peers, [{ host: '10.0.1.24', port: 1024 }]);
  });

  test('a host that asks without end is told to wait, and the others are answered', async (t) => {
    const { tracker, clock } = setUp(t);
    const scrapes = query({ numWant: 0 });
    const ask = async (host: string): Promise<number> =>
      parseAnnounceResponse(await tracker.announce(scrapes, { host })).complete;
    for (let round = 0; round < 50_000; round++) {
      void tracker.announce(scrapes, { host: '10.0.0.1' });
    }
    await assert.rejects(ask('10.0.0.1'), { code: 'TRACKER_REFUSED', message: /too many/ });
    assert.equal(await ask('10.0.0.2'), 0);
    clock.advance(2_000);
    assert.equal(await ask('10.0.0.1'), 0);
  });

  test('many torrents are announced in one request, and each is answered on its own', async (t) => {
    const { tracker } = setUp(t, { allows: (infoHash) => infoHash !== other });
    await tracker.announce(query(), { host: '10.0.0.1' });
    await tracker.announce(query(), { host: '2001:db8::1' });
    const third = 'ee'.repeat(20) as InfoHash;
    const figures = { uploaded: 0, downloaded: 0, left: 1, event: undefined, numWant: undefined };
    const batch = {
      peerId: '2e'.repeat(20) as PeerId,
      port: 7000,
      zone: undefined,
      torrents: [
        { ...figures, infoHash: torrent },
        { ...figures, infoHash: other },
        { ...figures, infoHash: third, left: 0 },
      ],
    };
    const body = await tracker.announceBatch(
      encodeAnnounceBatch(batch),
      { host: '10.0.0.2' },
      origin,
    );
    const answer = parseAnnounceBatchResponse(body, 3);

    assert.deepEqual(
      { ...answer, torrents: answer.torrents.map(sorted) },
      {
        interval: 30,
        minInterval: 3,
        torrents: [
          {
            interval: 30,
            complete: 1,
            incomplete: 3,
            peers: ['10.0.0.1 6881', '192.0.2.1 6999', '2001:db8::1 6881'],
          },
          { failure: 'this torrent is not tracked here' },
          { interval: 900, complete: 2, incomplete: 0, peers: [] },
        ],
      },
    );
    const { peers } = parseAnnounceResponse(await tracker.announce(query(), { host: '10.0.0.3' }));
    assert.ok(peers.some(({ host, port }) => host === '10.0.0.2' && port === 7000));
  });

  test('a torrent of a batch that cannot be answered now does not spoil the others', async (t) => {
    const { tracker } = setUp(t, {
      allows: async (infoHash) => {
        if (infoHash === other) throw new Error('SQLITE_BUSY at /secret/path');
        return true;
      },
    });
    const figures = { uploaded: 0, downloaded: 0, left: 1, event: undefined, numWant: undefined };
    const torrents = [torrent, other].map((infoHash) => ({ ...figures, infoHash }));
    const batch = { peerId: '2e'.repeat(20) as PeerId, port: 7000, zone: undefined, torrents };
    const body = await tracker.announceBatch(encodeAnnounceBatch(batch), { host: '10.0.0.2' });

    const answer = parseAnnounceBatchResponse(body, 2);
    assert.deepEqual(answer.torrents.map(sorted), [
      { interval: 30, complete: 0, incomplete: 1, peers: [] },
      { failure: 'the tracker could not answer, try again later' },
    ]);
  });

  test('a batch that is none, or of a host that asks without end, is refused whole', async (t) => {
    const { tracker } = setUp(t);
    const refused = await tracker.announceBatch(Buffer.from('le'), { host: '10.0.0.1' });
    assert.throws(() => parseAnnounceBatchResponse(refused, 1), { code: 'TRACKER_REFUSED' });
    const figures = { uploaded: 0, downloaded: 0, left: 1, event: undefined, numWant: 0 };
    const torrents = Array.from({ length: 1000 }, (_, index) => ({
      ...figures,
      infoHash: index.toString(16).padStart(40, '0') as InfoHash,
    }));
    const batch = { peerId: '2e'.repeat(20) as PeerId, port: 7000, zone: undefined, torrents };
    const body = encodeAnnounceBatch(batch);
    let last: Buffer = Buffer.alloc(0);
    for (let round = 0; round < 51; round++) {
      last = await tracker.announceBatch(body, { host: '10.0.0.1' });
    }
    assert.throws(() => parseAnnounceBatchResponse(last, 1000), /too many/);
  });
});

/** An answer whose peers are easily compared. */
function sorted(answer: BatchedAnswer): unknown {
  return 'failure' in answer
    ? answer
    : { ...answer, peers: answer.peers.map(({ host, port }) => `${host} ${port}`).toSorted() };
}
