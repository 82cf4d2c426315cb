import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { FakePeer, seedWith, sliceOf } from './fake-peer.ts';
import { addressOf, noise, SwarmLab, until } from './swarm-fixtures.ts';

const bytes = noise(2_000_000);

suite('ending', { timeout: 60_000 }, () => {
  test('a file that cannot be made ends the download as a fault of the disk', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start();
    const disk = { name: 'SwarmError', code: 'SWARM_DISK' };
    for (const path of [lab.path('missing/copy'), lab.folder]) {
      const download = host.download(metainfo, { path });
      const read = assert.rejects(download.read(0, 10), disk);
      await assert.rejects(download.done, disk);
      await read;
      assert.equal(host.find(metainfo.infoHash), undefined);
      await download.stop();
    }
    // It may be tried again at another place.
    await mkdir(lab.path('there'));
    const again = host.download(metainfo, { path: lab.path('there/copy') });
    await until('it is open', () => host.totals().torrents === 1);
    await again.stop();
  });

  test('a download may be stopped at any moment, and its file is then nobody’s', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const host = await lab.start();
    for (let wait = 0; wait < 12; wait++) {
      const path = lab.path(`copy-${wait}`);
      const download = host.download(seed.metainfo, { path, peers: [addressOf(seeder)] });
      await new Promise((resolve) => (wait === 0 ? resolve(0) : setTimeout(resolve, wait * 2)));
      await Promise.all([download.stop(), download.stop()]);
      await rm(path, { force: true });
      await new Promise((resolve) => setTimeout(resolve, 2));
      await assert.rejects(access(path), { code: 'ENOENT' }, 'it was made again');
    }
    await until('nothing is open', () => host.totals().torrents === 0 && host.totals().peers === 0);
  });

  test('a stopped download tells its peers by closing, and closing the swarm ends all', async () => {
    await using lab = await SwarmLab.create();
    const { metainfo } = await lab.seed(bytes);
    const host = await lab.start();
    const download = host.download(metainfo, { path: lab.path('copy') });
    const peer = await FakePeer.dial(addressOf(host), metainfo);
    let sent = 0;
    seedWith((block) => (sent++ < 20 ? sliceOf(bytes, metainfo, block) : undefined))(peer);
    await until('some is there', () => download.progress().piecesVerified >= 4);
    const silent = await FakePeer.dial(addressOf(host), metainfo, { greet: false });
    const begun = performance.now();
    await Promise.all([host.close(), host.close()]);
    assert.ok(performance.now() - begun < 1_000);
    await assert.rejects(download.done, { code: 'SWARM_STOPPED' });
    await peer.dropped();
    await silent.dropped();
    await assert.rejects(FakePeer.dial(addressOf(host), metainfo), { code: 'ECONNREFUSED' });
    const late = host.download(metainfo, { path: lab.path('late') });
    await assert.rejects(late.done, { code: 'SWARM_STOPPED' });
    await late.stop();
  });

  test('a port that is taken is told, and nothing is left running', async () => {
    await using lab = await SwarmLab.create();
    const { port } = await lab.start();
    await assert.rejects(lab.start([], { listen: { host: '127.0.0.1', port } }), {
      code: 'EADDRINUSE',
    });
  });

  test('a process whose swarms are closed ends by itself, and one that dials the dead is not held up', async () => {
    const script = `
      import { addressOf, noise, SwarmLab } from ${JSON.stringify(join(import.meta.dirname, 'swarm-fixtures.ts'))};
      import { createServer } from 'node:net';
      const mute = createServer(() => {}).listen(0, '127.0.0.1');
      await new Promise((resolve) => mute.on('listening', resolve));
      mute.unref();
      const lab = await SwarmLab.create();
      const seed = await lab.seed(noise(500_000));
      const [seeder, host] = [await lab.start([seed]), await lab.start()];
      const half = host.download((await lab.seed(noise(100_000, 2))).metainfo, {
        path: lab.path('half'),
        trackers: [['http://127.0.0.1:1/announce']],
        peers: [
          { host: '127.0.0.1', port: mute.address().port },
          { host: '192.0.2.1', port: 6881 },
        ],
      });
      half.done.catch(() => {});
      const download = host.download(seed.metainfo, {
        path: lab.path('copy'),
        peers: [addressOf(seeder)],
      });
      await download.done;
      await lab[Symbol.asyncDispose]();
      console.log('closed');
    `;
    const begun = performance.now();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module-typescript', '--eval', script],
      { timeout: 15_000 },
    );
    assert.equal(stdout, 'closed\n');
    assert.ok(performance.now() - begun < 4_000, `${performance.now() - begun} ms`);
  });

  test('what has been downloaded is on disk when it is done', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const host = await lab.start();
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      peers: [addressOf(seeder)],
    });
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    assert.equal(download.progress().rate, 0);
    await download.stop();
    await until('it is closed', () => host.totals().torrents === 0);
  });
});
