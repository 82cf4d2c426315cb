import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, suite, test } from 'node:test';
import { sha256Of } from '../../oci/digest.ts';
import { encodeAnnounceBatch, batchContentType } from '../../torrent/announce-batch.ts';
import { decodeBencode, isBytes, isDictionary, isList } from '../../torrent/bencode.ts';
import { infoHashOf, peerIdOf, type InfoHash } from '../../torrent/ids.ts';
import { parseMetainfo } from '../../torrent/metainfo.ts';
import { percentEncodeHex } from '../../torrent/tracker-query.ts';
import { routes } from '../routes.ts';
import { basic, ClosedRegistry, type Got, type PushedImage } from './access-fixture.ts';

/** Who asks. `expired` and `revoked` were robots that could pull; `wrong` has the name of one who may everything. */
const actors = [
  'anonymous',
  'puller',
  'pusher',
  'deleter',
  'admin',
  'robot',
  'token',
  'expired',
  'revoked',
  'stranger',
  'wrong',
] as const;
type Actor = (typeof actors)[number];

const everyone: readonly Actor[] = actors;
const authentic: readonly Actor[] = [
  'puller',
  'pusher',
  'deleter',
  'admin',
  'robot',
  'token',
  'stranger',
];
const whoeverPulls: readonly Actor[] = ['puller', 'pusher', 'deleter', 'admin', 'robot', 'token'];
const whoeverPushes: readonly Actor[] = ['pusher', 'admin'];
const whoeverDeletes: readonly Actor[] = ['deleter', 'admin'];
const admins: readonly Actor[] = ['admin'];
/** A token for one repository is for no list; what credentials are wrong gets no answer, even where none are needed. */
const notWrong: readonly Actor[] = ['anonymous', ...authentic];
const announcers = notWrong.filter((actor) => actor !== 'token');
/** Whoever brings nothing is asked for a token first, be it one for nobody. */
const listers = announcers.filter((actor) => actor !== 'anonymous');

/** One request of each method of each route, in the repository `team/app` or about it, and who is answered. */
const rules: Readonly<
  Record<
    string,
    {
      readonly path: (image: PushedImage) => string;
      readonly who: readonly Actor[];
      readonly body?: string;
      readonly type?: string;
    }
  >
> = {
  'ping GET': { path: () => '/v2/', who: authentic },
  'ping HEAD': { path: () => '/v2/', who: authentic },
  'catalog GET': { path: () => '/v2/_catalog', who: listers },
  'catalog HEAD': { path: () => '/v2/_catalog', who: listers },
  'uploads POST': {
    path: ({ repository }) => `/v2/${repository}/blobs/uploads/`,
    who: whoeverPushes,
  },
  'upload GET': { path: uploadPath, who: whoeverPushes },
  'upload PATCH': { path: uploadPath, who: whoeverPushes, body: 'x' },
  'upload PUT': {
    path: (image) => `${uploadPath(image)}?digest=${image.layer}`,
    who: whoeverPushes,
  },
  'upload DELETE': { path: uploadPath, who: whoeverPushes },
  'blob GET': { path: blobPath, who: whoeverPulls },
  'blob HEAD': { path: blobPath, who: whoeverPulls },
  'blob DELETE': { path: (image) => `${blobPath(image).slice(0, -4)}0000`, who: whoeverDeletes },
  'manifest GET': { path: manifestPath, who: whoeverPulls },
  'manifest HEAD': { path: manifestPath, who: whoeverPulls },
  'manifest PUT': {
    path: ({ repository }) => `/v2/${repository}/manifests/new`,
    who: whoeverPushes,
    body: '{}',
  },
  'manifest DELETE': {
    path: ({ repository }) => `/v2/${repository}/manifests/none`,
    who: whoeverDeletes,
  },
  'tags GET': { path: ({ repository }) => `/v2/${repository}/tags/list`, who: whoeverPulls },
  'tags HEAD': { path: ({ repository }) => `/v2/${repository}/tags/list`, who: whoeverPulls },
  'referrers GET': {
    path: ({ repository, manifest }) => `/v2/${repository}/referrers/${manifest}`,
    who: whoeverPulls,
  },
  'referrers HEAD': {
    path: ({ repository, manifest }) => `/v2/${repository}/referrers/${manifest}`,
    who: whoeverPulls,
  },
  'torrent GET': { path: torrentPath, who: whoeverPulls },
  'torrent HEAD': { path: torrentPath, who: whoeverPulls },
  // Whether a blob may be announced is another matter: below.
  'announce GET': { path: () => '/announce', who: announcers },
  'announce POST': { path: () => '/announce', who: announcers, body: 'x', type: batchContentType },
  'scrape GET': { path: () => '/scrape', who: announcers },
  'token GET': {
    path: () => '/token?service=docket',
    who: ['anonymous', 'puller', 'pusher', 'deleter', 'admin', 'robot', 'stranger'],
  },
  // It looks at its body alone.
  'token POST': { path: () => '/token', who: everyone, body: 'x', type: 'text/plain' },
  'robots GET': { path: () => '/api/v1/tokens', who: admins },
  'robots POST': { path: () => '/api/v1/tokens', who: admins, body: '{}' },
  'robot DELETE': { path: () => '/api/v1/tokens/nobody', who: admins },
  'images GET': { path: () => '/api/v1/images', who: listers },
  'verify GET': { path: () => '/api/v1/verify', who: admins },
  'verify POST': { path: () => '/api/v1/verify', who: admins, body: '{}' },
  'verify DELETE': { path: () => '/api/v1/verify', who: admins },
  'gc POST': { path: () => '/api/v1/gc', who: admins, body: '{}' },
  'health GET': { path: () => '/healthz', who: everyone },
  'health HEAD': { path: () => '/healthz', who: everyone },
  'readiness GET': { path: () => '/readyz', who: everyone },
  'readiness HEAD': { path: () => '/readyz', who: everyone },
  // By loopback, as it is set.
  'metrics GET': { path: () => '/metrics', who: notWrong },
  'home GET': { path: () => '/', who: everyone },
  'home HEAD': { path: () => '/', who: everyone },
};

suite('who may what', () => {
  let registry: ClosedRegistry;
  let image: PushedImage;
  let publicImage: PushedImage;
  const credentials = new Map<Actor, string | undefined>();

  before(async () => {
    registry = await ClosedRegistry.start();
    image = await registry.pushImage('team/app', 'a layer of the team');
    publicImage = await registry.pushImage('public/app', 'a layer for anyone');
    await registry.pushImage('other/app', 'a layer of others');
    const grants = [{ rights: ['pull'], repositories: ['team/**'] }];
    const expired = await registry.robot('expired', grants, 1000);
    const revoked = await registry.robot('revoked', grants);
    assert.equal(
      (await registry.ask('DELETE', '/api/v1/tokens/revoked', { authorization: basic('root') }))
        .status,
      204,
    );
    const token = await registry.token(basic('pat'), 'repository:team/app:pull');
    const all: Readonly<Record<Actor, string | undefined>> = {
      anonymous: undefined,
      puller: basic('pat'),
      pusher: basic('pam'),
      deleter: basic('dan'),
      admin: basic('root'),
      robot: basic('any name', await registry.robot('reader', grants)),
      token: `Bearer ${token}`,
      expired: basic('expired', expired),
      revoked: basic('revoked', revoked),
      stranger: basic('otto'),
      wrong: basic('root', 'guessed'),
    };
    for (const actor of actors) credentials.set(actor, all[actor]);
    await delay(1000);
  });

  after(async () => {
    await registry[Symbol.asyncDispose]();
  });

  test('every method of every route has a rule here, and no other', () => {
    const all = routes.flatMap(({ name, methods }) =>
      Object.keys(methods).map((method) => `${name} ${method}`),
    );
    assert.deepEqual(Object.keys(rules).toSorted(), all.toSorted());
  });

  for (const [name, { path, who, body, type }] of Object.entries(rules)) {
    for (const actor of actors) {
      const isAnswered = who.includes(actor);
      test(`${name}: ${actor} is ${isAnswered ? '' : 'not '}answered`, async () => {
        const method = name.split(' ')[1] ?? '';
        const authorization = credentials.get(actor);
        const headers = { 'content-type': type ?? 'application/json' };
        const ask = { authorization, headers, ...(body === undefined ? {} : { body }) };
        const got = await registry.ask(method, path(image), ask);
        const isRefused = got.status === 401 || got.status === 403 || got.status === 429;
        assert.equal(!isRefused, isAnswered, `${got.status} ${got.body.toString()}`);
        if (isAnswered) return;
        if (actor === 'anonymous') assert.equal(got.status, 401);
        const challenge = String(got.headers['www-authenticate']);
        if (got.status === 401) assert.match(challenge, /^(?:Bearer|Basic) realm="/);
      });
    }
  }

  test('what may not be pulled looks like what is not there, in every way', async () => {
    const paths: readonly (readonly [string, string])[] = [
      ['GET', blobPath(image)],
      ['HEAD', blobPath(image)],
      ['GET', manifestPath(image)],
      ['HEAD', manifestPath(image)],
      ['GET', `/v2/${image.repository}/tags/list`],
      ['GET', `/v2/${image.repository}/referrers/${image.manifest}`],
      ['GET', torrentPath(image)],
      ['DELETE', blobPath(image)],
      ['DELETE', manifestPath(image)],
      ['PUT', manifestPath(image)],
      ['POST', `/v2/${image.repository}/blobs/uploads/`],
      ['PATCH', uploadPath(image)],
    ];
    for (const actor of ['anonymous', 'stranger', 'expired', 'revoked'] as const) {
      const authorization = credentials.get(actor);
      for (const [method, path] of paths) {
        const absent = path.replace('/team/app/', '/team/nil/');
        const [there, missing] = [
          await registry.ask(method, path, { authorization }),
          await registry.ask(method, absent, { authorization }),
        ];
        assert.deepEqual(comparable(there), comparable(missing), `${actor} ${method} ${path}`);
      }
    }
  });

  test('a blob of a repository that may not be pulled is not mounted, named or not, and is uploaded instead', async () => {
    const authorization = basic('otto');
    for (const from of ['&from=team/app', '']) {
      const path = `/v2/other/mine/blobs/uploads/?mount=${image.layer}${from}`;
      const absent = `/v2/other/mine/blobs/uploads/?mount=${sha256Of(Buffer.from('nothing'))}${from}`;
      const there = await registry.ask('POST', path, { authorization });
      const missing = await registry.ask('POST', absent, { authorization });
      assert.equal(there.status, 202);
      assert.equal(missing.status, 202);
      assert.equal(
        (await registry.ask('HEAD', `/v2/other/mine/blobs/${image.layer}`, { authorization }))
          .status,
        404,
      );
    }
    const open = `/v2/other/mine/blobs/uploads/?mount=${publicImage.layer}`;
    assert.equal((await registry.ask('POST', open, { authorization })).status, 201);
  });

  test('the lists hold what may be pulled, page by page', async () => {
    const namesFor = async (authorization: string): Promise<readonly string[]> => {
      const names: string[] = [];
      for (let path: string | undefined = '/v2/_catalog?n=1'; path !== undefined;) {
        const got: Got = await registry.ask('GET', path, { authorization });
        names.push(...(JSON.parse(got.body.toString()) as { repositories: string[] }).repositories);
        path = /<([^>]+)>/.exec(String(got.headers['link'] ?? ''))?.[1];
      }
      const got = await registry.ask('GET', '/api/v1/images?n=2', { authorization });
      const { images } = JSON.parse(got.body.toString()) as { images: { repository: string }[] };
      assert.deepEqual(
        images.map(({ repository }) => repository),
        names.slice(0, 2),
      );
      return names;
    };
    const nobody = `Bearer ${await registry.token(undefined, 'registry:catalog:*')}`;
    assert.deepEqual(await namesFor(nobody), ['public/app']);
    assert.deepEqual(await namesFor(basic('pat')), ['public/app', 'team/app']);
    assert.deepEqual(await namesFor(basic('otto')), ['other/app', 'public/app']);
    assert.deepEqual(await namesFor(basic('root')), ['other/app', 'public/app', 'team/app']);
  });

  test('an upload can be gone on with by whoever began it, and by nobody else who may push there', async () => {
    const begun = await registry.ask('POST', '/v2/team/app/blobs/uploads/', {
      authorization: basic('pam'),
    });
    const place = String(begun.headers['location']);
    for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
      const digest = method === 'PUT' ? `?digest=${sha256Of(Buffer.from('x'))}` : '';
      const got = await registry.ask(method, place + digest, {
        authorization: basic('root'),
        ...(method.startsWith('P') ? { body: 'x' } : {}),
      });
      assert.equal(got.status, 404, method);
    }
    const own = await registry.ask('PATCH', place, { authorization: basic('pam'), body: 'x' });
    assert.equal(own.status, 202);
    assert.equal(
      (await registry.ask('DELETE', place, { authorization: basic('pam') })).status,
      204,
    );
  });

  suite('the tracker', () => {
    let infoHash: InfoHash;
    let publicHash: InfoHash;
    const unknown = infoHashOf(Buffer.alloc(20, 7));

    before(async () => {
      const torrent = async (one: PushedImage): Promise<InfoHash> => {
        const got = await registry.ask('GET', torrentPath(one), { authorization: basic('root') });
        return parseMetainfo(got.body).infoHash;
      };
      infoHash = await torrent(image);
      publicHash = await torrent(publicImage);
    });

    const announcePath = (hash: InfoHash, more = ''): string =>
      `/announce?${more}info_hash=${percentEncodeHex(hash)}&peer_id=${'p'.repeat(20)}&port=7000&uploaded=0&downloaded=0&left=9&compact=1`;

    for (const actor of announcers) {
      const isTold = whoeverPulls.includes(actor);
      test(`${actor} is ${isTold ? '' : 'not '}introduced to the peers of a blob of the team`, async () => {
        const authorization = credentials.get(actor);
        const told = await registry.ask('GET', announcePath(infoHash), { authorization });
        const nothing = await registry.ask('GET', announcePath(unknown), { authorization });
        assert.equal(failureIn(told.body) === undefined, isTold);
        if (!isTold) assert.deepEqual(comparable(told), comparable(nothing));
        const open = await registry.ask('GET', announcePath(publicHash), { authorization });
        assert.equal(failureIn(open.body), undefined);
        const scraped = await registry.ask(
          'GET',
          `/scrape?info_hash=${percentEncodeHex(infoHash)}`,
          { authorization },
        );
        assert.equal(scraped.body.includes(Buffer.from(infoHash, 'hex')), isTold);
        const torrents = [infoHash, unknown].map((hash) => ({
          infoHash: hash,
          uploaded: 0,
          downloaded: 0,
          left: 1,
          event: undefined,
          numWant: undefined,
        }));
        const batch = encodeAnnounceBatch({
          peerId: peerIdOf(Buffer.alloc(20, 3)),
          port: 7001,
          zone: undefined,
          torrents,
        });
        const headers = { 'content-type': batchContentType };
        const all = await registry.ask('POST', '/announce', {
          authorization,
          headers,
          body: batch,
        });
        assert.deepEqual(
          failuresIn(all.body).map((one) => one === undefined),
          [isTold, false],
        );
      });
    }

    test('a torrent client announces, scrapes and fetches its one blob by the key in its torrent, as long as that holds', async () => {
      const secret = await registry.robot('seedbox', [
        { rights: ['pull'], repositories: ['team/**'] },
      ]);
      const got = await registry.ask('GET', torrentPath(image), {
        authorization: basic('x', secret),
      });
      const { trackers, webSeeds } = parseMetainfo(got.body);
      const url = trackers[0]?.[0] ?? '';
      const key = new URL(url).searchParams.get('auth') ?? '';
      assert.notEqual(key, '');
      assert.equal(
        failureIn((await registry.ask('GET', announcePath(infoHash, `auth=${key}&`))).body),
        undefined,
      );
      const scraped = await registry.ask(
        'GET',
        `/scrape?auth=${key}&info_hash=${percentEncodeHex(infoHash)}`,
      );
      assert.ok(scraped.body.includes(Buffer.from(infoHash, 'hex')));
      assert.equal(
        (await registry.ask('GET', webSeeds[0] ?? '')).body.toString(),
        'a layer of the team',
      );
      // It is good for nothing else, not even for what its owner may.
      assert.notEqual(
        failureIn((await registry.ask('GET', announcePath(publicHash, `auth=${key}&`))).body),
        undefined,
      );
      assert.equal((await registry.ask('GET', `${manifestPath(image)}?auth=${key}`)).status, 401);
      const config = (JSON.parse(image.bytes) as { config: { digest: string } }).config.digest;
      assert.equal(
        (await registry.ask('GET', `/v2/team/app/blobs/${config}?auth=${key}`)).status,
        401,
      );
      const changed = key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
      assert.equal(
        (await registry.ask('GET', announcePath(infoHash, `auth=${changed}&`))).status,
        401,
      );
      await registry.ask('DELETE', '/api/v1/tokens/seedbox', { authorization: basic('root') });
      assert.equal((await registry.ask('GET', announcePath(infoHash, `auth=${key}&`))).status, 401);
      assert.equal((await registry.ask('GET', webSeeds[0] ?? '')).status, 401);
    });

    test('a torrent for a client with a login holds no key', async () => {
      const got = await registry.ask('GET', `${torrentPath(image)}?keys=false`, {
        authorization: basic('pat'),
      });
      assert.ok(!got.body.includes('auth='));
    });
  });
});

function blobPath({ repository, layer }: PushedImage): string {
  return `/v2/${repository}/blobs/${layer}`;
}

function manifestPath({ repository, manifest }: PushedImage): string {
  return `/v2/${repository}/manifests/${manifest}`;
}

function torrentPath({ repository, layer }: PushedImage): string {
  return `/v2/${repository}/_docket/torrents/${layer}`;
}

function uploadPath({ repository }: PushedImage): string {
  return `/v2/${repository}/blobs/uploads/00000000-0000-4000-8000-000000000000`;
}

/** Without what differs between any two answers, and the name that the client sent itself. */
function comparable({ status, headers, body }: Got): object {
  const { date, 'x-request-id': id, ...rest } = headers;
  const text = JSON.stringify({ status, rest, body: body.toString() });
  return {
    text: text.replaceAll('team/nil', 'team/app'),
    hadDate: date !== undefined,
    hadId: id !== undefined,
  };
}

function failureIn(body: Uint8Array): string | undefined {
  const answer = decodeBencode(body);
  assert.ok(isDictionary(answer));
  const reason = answer.get('failure reason');
  return isBytes(reason) ? Buffer.from(reason).toString() : undefined;
}

function failuresIn(body: Uint8Array): readonly (string | undefined)[] {
  const answer = decodeBencode(body);
  assert.ok(isDictionary(answer));
  const torrents = answer.get('torrents');
  assert.ok(isList(torrents));
  return torrents.map((torrent) => {
    assert.ok(isDictionary(torrent));
    const reason = torrent.get('failure reason');
    return isBytes(reason) ? Buffer.from(reason).toString() : undefined;
  });
}
