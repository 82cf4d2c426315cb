import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { fuzzRuns, survives } from '../../test/mutations.ts';
import {
  decodeBencodeDictionary,
  encodeBencode,
  textOf,
  type BencodeDictionary,
  type BencodeInput,
} from './bencode.ts';
import {
  MetainfoError,
  createMetainfo,
  encodeMetainfo,
  parseMetainfo,
  type Metainfo,
} from './metainfo.ts';
import { trackerTiers, type TrackerTiers } from './tracker-tiers.ts';

const blob = fc
  .record({
    name: fc.constant(`sha256-${'ab'.repeat(32)}`),
    pieceLength: fc.constantFrom(1024, 65_536, 1_048_576),
    pieces: fc.integer({ min: 1, max: 9 }),
    lastPiece: fc.integer({ min: 1, max: 1024 }),
    hasSha256: fc.boolean(),
    fill: fc.nat(255),
  })
  .map(({ name, pieceLength, pieces, lastPiece, hasSha256, fill }) =>
    createMetainfo({
      name,
      length: (pieces - 1) * pieceLength + lastPiece,
      pieceLength,
      sha1: Buffer.alloc(pieces * 20, fill),
      sha256: hasSha256 ? Buffer.alloc(pieces * 32, fill) : undefined,
    }),
  );
const urls = fc.uniqueArray(fc.webUrl(), { maxLength: 3 });
const tiers = fc
  .array(fc.array(fc.webUrl(), { maxLength: 3 }), { maxLength: 3 })
  .map((drawn) => trackerTiers(drawn));

const plain = { length: 5, name: 'x', 'piece length': 4, pieces: Buffer.alloc(40) } as const;

/** A torrent of another maker. */
function parse(
  rest: { readonly [key: string]: BencodeInput },
  info: BencodeInput = plain,
): Metainfo {
  return parseMetainfo(encodeBencode({ ...rest, info }));
}

suite('metainfo', { timeout: 60_000 }, () => {
  test('what is written is read as the same, and the info hash stays', () => {
    fc.assert(
      fc.property(blob, tiers, urls, (metainfo, trackers, webSeeds) => {
        const read = parseMetainfo(encodeMetainfo(metainfo, { trackers, webSeeds }));
        assert.deepEqual(read, { ...metainfo, trackers, webSeeds });
        assert.deepEqual(parseMetainfo(encodeMetainfo(read)), read);
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('a damaged torrent is read or refused', () => {
    survives(
      fc
        .tuple(blob, tiers, urls)
        .map(([metainfo, trackers, webSeeds]) => encodeMetainfo(metainfo, { trackers, webSeeds })),
      (bytes) => {
        const { pieceCount, pieceLength, length, sha1 } = parseMetainfo(bytes);
        assert.equal(pieceCount, Math.ceil(length / pieceLength));
        assert.equal(sha1.length, 20 * pieceCount);
      },
      (error) => error instanceof MetainfoError,
    );
  });

  test('info is plain BitTorrent v1, and the SHA-256 hashes stand outside of it', () => {
    const metainfo = createMetainfo({
      name: 'sha256-00',
      length: 5,
      pieceLength: 4,
      sha1: Buffer.alloc(40, 'x'),
      sha256: Buffer.alloc(64, 'y'),
    });
    const info = `d6:lengthi5e4:name9:sha256-0012:piece lengthi4e6:pieces40:${'x'.repeat(40)}e`;

    assert.equal(
      encodeMetainfo(metainfo, {
        trackers: [['http://t/announce']],
        webSeeds: ['http://w'],
      }).toString(),
      `d8:announce17:http://t/announce6:docketd12:piece sha25664:${'y'.repeat(64)}e4:info${info}` +
        '8:url-listl8:http://wee',
    );
    assert.equal(metainfo.infoHash, createHash('sha1').update(info).digest('hex'));
  });

  test('the info hash is that of the bytes in the file, also where they hold more than Docket knows', () => {
    const info = { ...plain, private: 1, source: 'elsewhere', 'x-unknown': [1, [2]] };
    const expected = createHash('sha1').update(encodeBencode(info)).digest('hex');

    assert.equal(parse({ announce: 'http://t/a' }, info).infoHash, expected);
    assert.equal(parseMetainfo(encodeMetainfo(parse({}, info))).infoHash, expected);
  });

  test('a torrent of several trackers names the first of them for clients that know only one', () => {
    const metainfo = parse({});
    const of = (trackers: TrackerTiers): BencodeDictionary =>
      decodeBencodeDictionary(encodeMetainfo(metainfo, { trackers })).values;
    const several = of([['http://a', 'http://b'], ['http://c']]);
    assert.equal(textOf(several.get('announce')), 'http://a');
    assert.ok(several.has('announce-list'));
    assert.deepEqual([...of([['http://a']]).keys()], ['announce', 'info']);
    assert.deepEqual([...of([]).keys()], ['info']);
  });

  test('trackers and web seeds of other makers are found, in their order and once', () => {
    const { trackers, webSeeds } = parse({
      announce: 'http://a',
      'announce-list': [['http://b', 'http://a'], ['http://c', ''], 'wrong', [5]],
      'url-list': 'http://w',
    });
    assert.deepEqual(trackers, [['http://b', 'http://a'], ['http://c']]);
    assert.deepEqual(parse({ announce: 'http://a' }).trackers, [['http://a']]);
    assert.deepEqual(parse({ announce: 'http://a', 'announce-list': [] }).trackers, [['http://a']]);
    assert.deepEqual(webSeeds, ['http://w']);
    assert.deepEqual(parse({ 'url-list': '' }).webSeeds, []);
    assert.deepEqual(parse({ 'url-list': ['http://v', 'http://w', 5] }).webSeeds, [
      'http://v',
      'http://w',
    ]);
    assert.deepEqual(parse({ 'announce-list': 5, 'url-list': 7 }).trackers, []);
  });

  test('of thousands of trackers and web seeds only some are kept, and none that is too long', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => `http://t${index}/announce`);
    assert.equal(parse({ 'announce-list': many.map((url) => [url]) }).trackers.flat().length, 64);
    assert.equal(parse({ 'announce-list': [many, many] }).trackers.flat().length, 64);
    const tiers = Array.from({ length: 60 }, (_, tier) => many.slice(60 * tier, 60 * tier + 60));
    assert.equal(parse({ 'announce-list': tiers }).trackers.flat().length, 64);
    assert.equal(parse({ 'url-list': many }).webSeeds.length, 64);
    const long = `http://t/${'x'.repeat(2_040)}`;
    assert.deepEqual(parse({ announce: long, 'url-list': [long, 'http://w'] }).webSeeds, [
      'http://w',
    ]);
    assert.deepEqual(parse({ announce: long }).trackers, []);
  });

  test('a torrent of several files, and one without v1 hashes, is refused with the reason', () => {
    const several = { name: 'x', 'piece length': 4, pieces: Buffer.alloc(40), files: [] };
    assert.throws(() => parse({}, several), {
      code: 'METAINFO_UNSUPPORTED',
      message: /several files/,
    });
    const v2 = { name: 'x', 'piece length': 16_384, 'meta version': 2, 'file tree': {} };
    assert.throws(() => parse({}, v2), { code: 'METAINFO_UNSUPPORTED', message: /v2/ });
    const huge = { ...plain, 'piece length': 2 ** 27, pieces: Buffer.alloc(20) };
    assert.throws(() => parse({}, huge), { code: 'METAINFO_UNSUPPORTED', message: /pieces/ });
  });

  test('a torrent whose numbers do not fit together is refused', () => {
    const wrong: { readonly [key: string]: BencodeInput }[] = [
      { ...plain, pieces: Buffer.alloc(39) },
      { ...plain, pieces: Buffer.alloc(20) },
      { ...plain, pieces: Buffer.alloc(60) },
      { ...plain, pieces: 5 },
      { ...plain, length: 0, pieces: '' },
      { ...plain, length: -5 },
      { ...plain, length: '5' },
      { ...plain, 'piece length': 0 },
      { ...plain, 'piece length': -4 },
      { ...plain, name: 5 },
      {},
    ];
    for (const info of wrong) {
      assert.throws(() => parse({}, info), { code: 'METAINFO_INVALID' });
    }
    assert.throws(() => parse({ docket: { 'piece sha256': Buffer.alloc(32) } }), MetainfoError);
    assert.throws(() => parse({ docket: { 'piece sha256': 5 } }), MetainfoError);
    assert.throws(() => parseMetainfo(Buffer.from('de')), { code: 'METAINFO_INVALID' });
    assert.throws(() => parseMetainfo(Buffer.from('<html>')), { code: 'METAINFO_INVALID' });
    assert.throws(
      () => createMetainfo({ name: 'x', length: 0, pieceLength: 1, sha1: Buffer.alloc(0) }),
      {
        code: 'METAINFO_INVALID',
      },
    );
  });
});
