import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { systemClock, type Clock } from '../../base/clock.ts';
import { parseRepository } from '../../oci/reference.ts';
import { runInProcess, startCli } from '../cli-fixture.ts';
import { failureOf } from '../exit-code.ts';
import { LayoutFixture, testFolder } from '../image/image-fixtures.ts';
import { RegistryClient } from '../remote/registry-client.ts';
import { hostPlatform } from './platform.ts';
import { resolveImage } from './resolve-image.ts';
import { SwarmBlobs } from './swarm-blobs.ts';

/** The two minutes for which a swarm waits pass in some seconds. */
const speed = 40;
const fastClock: Clock = {
  now: () => systemClock.now() * speed,
  after: (milliseconds, task) => systemClock.after(milliseconds / speed, task),
};

test(
  'a pull whose registry dies in the middle fails in the end, and says so',
  { timeout: 60_000 },
  async (t) => {
    const folder = await testFolder(t);
    const place = [
      '--bind',
      '127.0.0.1',
      '-p',
      '0',
      '--peer-port',
      '0',
      '-l',
      `${folder}/registry`,
    ];
    const running = startCli(t, ['registry', ...place, '--rate', '1MB', '--log-level', 'silent']);
    const ready = new Promise<string>((resolve) => {
      running.child.stdout?.once('data', (text: Buffer) => resolve(text.toString()));
    });
    const url = /http:\S+/.exec(await ready)?.[0] ?? '';
    const layout = new LayoutFixture();
    const image = layout.image([randomBytes(4_000_000).toString('latin1')], {}, '1');
    await layout.roots([image]).writeTo(path.join(folder, 'layout'));
    const client = ['-h', url, '-l', path.join(folder, 'client')];
    const push = ['push', '-q', '--from', path.join(folder, 'layout'), 'team/app:1'];
    assert.equal((await runInProcess([...client, ...push])).code, 0);

    const { signal } = new AbortController();
    const repository = parseRepository('team/app');
    await using registry = new RegistryClient(url);
    const resolved = await resolveImage(registry, repository, '1', hostPlatform('x64'), signal);
    const [layer] = resolved.manifest.layers;
    assert.ok(layer);
    await using source = await SwarmBlobs.start({
      registry: url,
      location: folder,
      rate: undefined,
      log: silentLog,
      clock: fastClock,
    });
    const kill = ({ verified }: { readonly verified: number }): void => {
      if (verified > 0) running.child.kill('SIGKILL');
    };
    const failure: unknown = await source
      .fetch(repository, layer, kill, signal)
      .catch((error: unknown) => error);
    assert.ok(failure instanceof Error);
    assert.ok(running.child.killed);
    const { exitCode, message } = failureOf(failure);
    assert.equal(exitCode, 1);
    assert.match(message, /ECONNREFUSED|cannot be reached|does not answer/);
  },
);
