import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ManualClock } from '../base/manual-clock.ts';
import { encodeMetainfo } from '../torrent/metainfo.ts';
import { pictureOf } from '../torrent/picture-fixture.ts';
import type { PieceStore } from './disk.ts';
import { fileDisk } from './piece-file.ts';
import { recordPathOf } from './piece-record.ts';
import { metainfoOf, noise, SwarmLab, until } from './swarm-fixtures.ts';

const pieceLength = 65_536;
const bytes = noise(6 * pieceLength - 100);
const metainfo = metainfoOf(bytes, pieceLength);
const { signal } = new AbortController();

/** A host that is switched on, writes pieces, and is killed or ends in order. */
class Host implements AsyncDisposable {
  readonly lab: SwarmLab;
  readonly path: string;
  readonly clock = new ManualClock();
  #store: PieceStore | undefined;

  constructor(lab: SwarmLab) {
    this.lab = lab;
    this.path = lab.path('partial');
  }

  static async create(): Promise<Host> {
    return new Host(await SwarmLab.create());
  }

  /** Which pieces are found. */
  async start(torrent = metainfo): Promise<string> {
    const { store, had } = await fileDisk(this.clock).openPartial(this.path, torrent, signal);
    this.#store = store;
    return pictureOf(had);
  }

  async write(...pieces: readonly number[]): Promise<void> {
    for (const piece of pieces) {
      const begin = piece * pieceLength;
      await this.#store?.write(piece, bytes.subarray(begin, begin + pieceLength));
    }
  }

  /** Lets time pass until what was written is recorded. */
  async record(): Promise<void> {
    const before = await readFile(recordPathOf(this.path)).catch(() => undefined);
    this.clock.advance(5_000);
    for (const end = performance.now() + 20_000; performance.now() < end; await pause(2)) {
      const now = await readFile(recordPathOf(this.path)).catch(() => undefined);
      if (now !== undefined && before?.equals(now) !== true) return;
    }
    assert.fail('nothing was recorded');
  }

  /** It ends without a word: what it does at its end comes to nothing. */
  async kill(): Promise<void> {
    const record = await readFile(recordPathOf(this.path)).catch(() => undefined);
    await this.stop();
    if (record === undefined) await rm(recordPathOf(this.path), { force: true });
    else await writeFile(recordPathOf(this.path), record);
  }

  async stop(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }

  /** Spoils a piece, which is seen only if the piece is hashed. */
  async spoil(piece: number): Promise<void> {
    await using file = await open(this.path, 'r+');
    await file.write(Buffer.from('spoilt'), 0, 6, piece * pieceLength);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.lab[Symbol.asyncDispose]();
  }
}

suite('piece record', { timeout: 60_000 }, () => {
  test('after a kill what was recorded is not hashed again, and only that', async () => {
    await using host = await Host.create();
    assert.equal(await host.start(), '......');
    await host.write(0, 3);
    await host.record();
    await host.write(5, 1);
    await host.kill();
    await host.spoil(3);
    await host.spoil(5);
    assert.equal(await host.start(), 'xx.x..');
  });

  test('what was found by hashing is recorded as well', async () => {
    await using host = await Host.create();
    await writeFile(host.path, bytes.subarray(0, 2 * pieceLength));
    assert.equal(await host.start(), 'xx....');
    await host.record();
    await host.kill();
    await host.spoil(1);
    assert.equal(await host.start(), 'xx....');
  });

  test('an orderly end records all at once', async () => {
    await using host = await Host.create();
    await host.start();
    await host.write(2, 4);
    await host.stop();
    const { mtimeMs } = await stat(recordPathOf(host.path));
    assert.ok(mtimeMs > 0);
    assert.equal(await host.start(), '..x.x.');
  });

  test('after an orderly end a file that was written to is hashed as a whole', async () => {
    await using host = await Host.create();
    await host.start();
    await host.write(0, 1, 2);
    await host.stop();
    await host.spoil(1);
    assert.equal(await host.start(), 'x.x...');
  });

  test('an orderly end vouches for nothing that is written after the next start', async () => {
    await using host = await Host.create();
    await host.start();
    await host.write(0, 1);
    await host.stop();
    assert.equal(await host.start(), 'xx....');
    await host.write(2);
    await host.kill();
    await host.spoil(1);
    assert.equal(await host.start(), 'xxx...', 'the record of before still holds');
  });

  test('a whole file keeps its record until somebody takes it', async () => {
    await using host = await Host.create();
    await host.start();
    await host.write(0, 1, 2, 3, 4, 5);
    const { store } = await fileDisk(host.clock).openPartial(host.path, metainfo, signal);
    await store.sync();
    await store.close();
    await host.stop();
    await host.spoil(4);
    assert.equal(await host.start(), 'xxxxxx');
  });

  const foreign: readonly [why: string, change: (host: Host) => Promise<unknown>][] = [
    ['cut short', ({ path }) => truncate(path, 5 * pieceLength)],
    [
      'another file',
      async ({ path }) => {
        await copyFile(path, `${path}-copy`);
        await rm(path);
        await copyFile(`${path}-copy`, path);
      },
    ],
  ];
  for (const [why, change] of foreign) {
    test(`the record of a file that is now ${why} is not believed`, async () => {
      await using host = await Host.create();
      await host.start();
      await host.write(0, 1);
      await host.record();
      await host.kill();
      await host.spoil(1);
      await change(host);
      assert.equal(await host.start(), 'x.....');
    });
  }

  test('the record of another blob is not believed', async () => {
    await using host = await Host.create();
    await host.start();
    await host.write(0, 1);
    await host.record();
    await host.kill();
    const other = metainfoOf(Buffer.concat([bytes.subarray(0, -1), Buffer.of(0)]), pieceLength);
    await host.spoil(1);
    assert.equal(await host.start(other), 'x.....');
  });

  test('a damaged record is not believed, wherever it is damaged', async () => {
    await using host = await Host.create();
    await host.start();
    await host.write(0, 1);
    await host.record();
    await host.kill();
    await host.spoil(1);
    const right = await readFile(recordPathOf(host.path));
    for (let at = 0; at < right.length; at += 7) {
      const wrong = Buffer.from(right);
      wrong[at] = (wrong[at] ?? 0) ^ 0x10;
      await writeFile(recordPathOf(host.path), wrong);
      assert.equal(await host.start(), 'x.....', `byte ${at}`);
      await host.kill();
    }
    for (const damaged of [Buffer.alloc(0), right.subarray(0, 40), Buffer.alloc(500)]) {
      await writeFile(recordPathOf(host.path), damaged);
      assert.equal(await host.start(), 'x.....');
      await host.kill();
    }
  });

  test('a file that begins anew has no use for the record of the one before', async () => {
    await using host = await Host.create();
    await host.start();
    await host.write(0, 1);
    await host.record();
    await host.kill();
    await truncate(host.path, 0);
    assert.equal(await host.start(), '......');
    await host.kill();
    assert.equal(await host.start(), '......');
  });

  test('where no record can be kept, the pieces are there all the same', async () => {
    await using host = await Host.create();
    await host.start();
    await mkdir(recordPathOf(host.path));
    await host.write(0, 1);
    await host.stop();
    await rm(recordPathOf(host.path), { recursive: true, force: true });
    assert.equal(await host.start(), 'xx....');
  });

  test('a process that is killed while it fetches goes on from what it recorded', async () => {
    await using lab = await SwarmLab.create();
    const large = noise(400 * pieceLength);
    const seed = await lab.seed(large, pieceLength);
    const seeder = await lab.start([seed], { rate: 2_000_000 });
    const path = lab.path('copy');
    const torrent = lab.path('torrent');
    await writeFile(torrent, encodeMetainfo(seed.metainfo));
    const script = fileURLToPath(new URL('fetching-process-fixture.ts', import.meta.url));
    const command = [script, torrent, path, String(seeder.port)];
    const child = spawn(process.execPath, command, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, TMPDIR: lab.folder },
    });
    let isRecorded = false;
    const looking = setInterval(() => {
      void stat(recordPathOf(path)).then(
        () => (isRecorded = true),
        () => {},
      );
    }, 20);
    try {
      await until('something is recorded', () => isRecorded || child.exitCode !== null, 20_000);
    } finally {
      clearInterval(looking);
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
    assert.equal(child.signalCode, 'SIGKILL');
    // Whatever is hashed at the next start would be missed.
    await using file = await open(path, 'r+');
    await file.write(Buffer.alloc(large.length - 1), 0, large.length - 1, 0);
    const { had, store } = await fileDisk(new ManualClock()).openPartial(
      path,
      seed.metainfo,
      signal,
    );
    assert.ok(had.count >= 20, `${had.count} pieces`);
    await store.close();
  });
});
