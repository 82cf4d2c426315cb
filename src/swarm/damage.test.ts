import assert from 'node:assert/strict';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { silentLog, type Log } from '../base/log.ts';
import { encodeBlock, encodeHave, encodeSimple } from '../torrent/wire.ts';
import { blockLength } from '../torrent/geometry.ts';
import { FakePeer, seedWith, sliceOf } from './fake-peer.ts';
import { addressOf, fastClock, noise, SwarmLab, until } from './swarm-fixtures.ts';
import type { Seed, Swarm } from './swarm-types.ts';

const bytes = noise(20 * 65_536);

interface Damaged {
  readonly lab: SwarmLab;
  readonly seed: Seed;
  readonly seeder: Swarm;
  readonly told: string[];
  readonly logged: string[];
}

/** A seeder, whose owner is told of damages. */
async function withSeeder(check: (parts: Damaged) => Promise<void>, speed = 1): Promise<void> {
  await using lab = await SwarmLab.create();
  const seed = await lab.seed(bytes);
  const told: string[] = [];
  const logged: string[] = [];
  const note = (_: object, message: string): void => void logged.push(message);
  const log: Log = { ...silentLog, warn: note, error: note };
  const seeder = await lab.start([seed], {
    log,
    clock: fastClock(speed),
    damaged: (infoHash) => told.push(infoHash),
  });
  await check({ lab, seed, seeder, told, logged });
}

/** Asks for all of a piece. */
async function fetchPiece(peer: FakePeer, piece: number): Promise<Buffer> {
  peer.say(encodeSimple('interested'));
  await peer.hears('unchoke');
  const before = peer.all('piece').length;
  for (let begin = 0; begin < 65_536; begin += blockLength)
    peer.say(encodeBlock('request', { piece, begin, length: blockLength }));
  await peer.hears('piece', before + 4);
  return Buffer.concat(
    peer
      .all('piece')
      .slice(before)
      .map(({ data }) => data),
  );
}

suite('a blob that is damaged while it is seeded', { timeout: 60_000 }, () => {
  test('is given up when it was cut: told once, and nobody is let in again for a minute', () =>
    withSeeder(async ({ seed, seeder, told, logged }) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      await fetchPiece(peer, 0);
      await truncate(seed.path, 100_000);
      peer.say(encodeBlock('request', { piece: 9, begin: 0, length: 100 }));
      await peer.dropped();
      await until('its owner is told', () => told.length === 1);
      assert.deepEqual(told, [seed.metainfo.infoHash]);
      for (let dial = 0; dial < 5; dial++) {
        const next = await FakePeer.dial(addressOf(seeder), seed.metainfo);
        await next.dropped();
        assert.equal(next.isGreeted, false);
      }
      assert.deepEqual(logged, ['a blob is damaged on the disk']);
    }));

  test('is given up when a peer leaves over a piece that has other bytes now', () =>
    withSeeder(async ({ seed, seeder, told }) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      await fetchPiece(peer, 0);
      await writeFile(
        seed.path,
        Buffer.concat([bytes.subarray(0, 400_000), noise(bytes.length - 400_000, 9)]),
      );
      const other = await fetchPiece(peer, 12);
      assert.notDeepEqual(other, bytes.subarray(12 * 65_536, 13 * 65_536));
      // As any client does that finds the piece wrong.
      peer.close();
      await until('its owner is told', () => told.length === 1);
      assert.equal(seeder.totals().torrents, 0);
    }));

  test('is seeded again, once it is right, after a minute', () =>
    withSeeder(async ({ seed, seeder, told }) => {
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      await peer.hears('haveAll');
      await truncate(seed.path, 10);
      await writeFile(seed.path, bytes.subarray(0, 65_536));
      peer.say(encodeSimple('interested'));
      await peer.hears('unchoke');
      peer.say(encodeBlock('request', { piece: 9, begin: 0, length: 100 }));
      await until('its owner is told', () => told.length === 1);
      await writeFile(seed.path, bytes);
      await new Promise((resolve) => setTimeout(resolve, 700));
      const next = await FakePeer.dial(addressOf(seeder), seed.metainfo);
      assert.deepEqual(await fetchPiece(next, 9), bytes.subarray(9 * 65_536, 10 * 65_536));
      next.close();
    }, 100));

  test('does not keep others from ending right', () =>
    withSeeder(async ({ lab, seed, seeder, told }) => {
      await writeFile(seed.path, noise(bytes.length, 9));
      const leecher = await lab.start();
      const download = leecher.download(seed.metainfo, {
        path: lab.path('copy'),
        peers: [addressOf(seeder)],
      });
      await until('its owner is told', () => told.length === 1);
      const right = await FakePeer.dial(addressOf(leecher), seed.metainfo);
      seedWith((block) => sliceOf(bytes, seed.metainfo, block))(right);
      await download.done;
      assert.deepEqual(await readFile(lab.path('copy')), bytes);
    }));

  test('is not suspected because peers come and go', () =>
    withSeeder(async ({ seed, seeder, told, logged }) => {
      for (let round = 0; round < 20; round++) {
        const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo);
        await fetchPiece(peer, round);
        if (round % 2 === 0) peer.say(encodeHave(round));
        peer.close();
      }
      await until('all are gone', () => seeder.totals().peers === 0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.deepEqual([told, logged], [[], []]);
      assert.equal(seeder.totals().torrents, 1);
    }));
});

test('a download whose file is cut behind its back fails, and is right when it is begun again', async () => {
  await using lab = await SwarmLab.create();
  const seed = await lab.seed(bytes);
  const leecher = await lab.start();
  const download = leecher.download(seed.metainfo, { path: lab.path('copy') });
  const giver = await FakePeer.dial(addressOf(leecher), seed.metainfo);
  seedWith((block) =>
    giver.all('request').length < 50 ? sliceOf(bytes, seed.metainfo, block) : undefined,
  )(giver);
  await until('some pieces are there', () => download.progress().piecesVerified >= 8);
  const taker = await FakePeer.dial(addressOf(leecher), seed.metainfo);
  taker.say(encodeSimple('interested'));
  await taker.hears('unchoke');
  await truncate(lab.path('copy'), 0);
  for (let piece = 0; piece < 20; piece++)
    taker.say(encodeBlock('request', { piece, begin: 0, length: 100 }));
  await assert.rejects(download.done, { code: 'SWARM_DISK' });
  const again = leecher.download(seed.metainfo, { path: lab.path('copy') });
  const good = await FakePeer.dial(addressOf(leecher), seed.metainfo);
  seedWith((block) => sliceOf(bytes, seed.metainfo, block))(good);
  await again.done;
  assert.deepEqual(await readFile(lab.path('copy')), bytes);
});
