/** What `npm start` runs: Docket's main job for real, on one machine. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../src/base/errors.ts';
import { formatBytes } from '../src/base/units.ts';
import { readOptions } from '../test/lab/read-options.ts';
import { roomMissing } from '../test/lab/room.ts';
import { deploy, type DeployOptions } from './deploy.ts';
import { makeImage } from './make-image.ts';
import { parseOptions, usage, type DemoOptions } from './options.ts';
import { describeNext, describeResult, type DemoResult } from './report.ts';
import { runDocket, startRole, type RoleProcess } from './role-process.ts';

const checkout = dirname(import.meta.dirname);
const repository = 'demo/node';
const tag = '24';

/** The person or the program that started the demo wants it to end. */
class Interruption extends Error {}

/** A role that ended, which none should. */
class RoleEnded extends Error {}

async function main(): Promise<number> {
  const options = readOptions({ command: 'npm start', usage, parseOptions });
  if (typeof options === 'number') return options;
  const interruption = new AbortController();
  // One Ctrl-C may come twice, from the terminal and from npm; tidying up takes a moment, and nothing cuts it short.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.abort(new Interruption(signal)));
  }
  const folder = await mkdtemp(join(tmpdir(), 'docket-demo-'));
  const roles: RoleProcess[] = [];
  try {
    return await show(options, folder, roles, interruption);
  } catch (error) {
    const { aborted, reason } = interruption.signal;
    if (reason instanceof Interruption) return 130;
    process.stderr.write(`\nThe demo failed: ${messageOf(aborted ? reason : error)}\n`);
    return 1;
  } finally {
    await Promise.all(roles.map((role) => role.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function show(
  options: DemoOptions,
  folder: string,
  roles: RoleProcess[],
  interruption: AbortController,
): Promise<number> {
  const { hosts, size, rate } = options;
  const { signal } = interruption;
  const say = createSpeaker(options.json ? process.stderr : process.stdout);
  const start = async (...command: Parameters<typeof startRole>): Promise<RoleProcess> => {
    signal.throwIfAborted();
    const role = await startRole(...command);
    roles.push(role);
    void role.ended.then((words) => interruption.abort(new RoleEnded(words)));
    return role;
  };

  say(
    `\n  Docket: an image of ${formatBytes(size)} to ${hosts} hosts; ` +
      `every link, the registry's too, carries ${formatBytes(rate)}/s\n\n`,
  );
  const lacking = await roomMissing(tmpdir(), options);
  if (lacking !== undefined) throw new Error(lacking);
  say('  making the image');
  const image = await makeImage(join(folder, 'image'), checkout, size, signal);
  say(
    `  image made: ${formatBytes(image.size)} in ${image.layerCount} layers, files of this Node\n`,
  );

  const ports = ['--port', '0', '--peer-port', '0', '--rate', String(rate)];
  const place = (name: string): string[] => [
    '--bind',
    '127.0.0.1',
    '--location',
    join(folder, name),
  ];
  const registry = await start('registry', [
    ...place('registry'),
    ...ports,
    '--advertise',
    '127.0.0.1',
  ]);
  const starting = Array.from({ length: hosts }, (_, index) =>
    start('agent', ['--registry', registry.url, ...place(`host-${index + 1}`), ...ports]),
  );
  // When one fails, the others must be there to be stopped.
  await Promise.allSettled(starting);
  const agents = await Promise.all(starting);
  say(
    `  started: a registry with its tracker, and ${hosts} agents, each a process with its own folder\n`,
  );

  say('  pushing');
  const client = ['-h', registry.url, '-l', join(folder, 'client')];
  await runDocket([...client, 'push', `${repository}:${tag}`, '--from', image.layout], signal);
  say(`  pushed: ${repository}:${tag}\n`);

  const deployment = {
    registry: registry.url,
    repository,
    tag,
    digest: image.digest,
    imageBytes: image.size,
    say,
    // Far more than either can take: a demo that hangs is of no use to anybody.
    signal: AbortSignal.any([
      signal,
      AbortSignal.timeout((4 * hosts * size * 1000) / rate + 120_000),
    ]),
  } satisfies Partial<DeployOptions>;
  const swarm = await deploy({
    ...deployment,
    title: 'through the swarm',
    sources: agents.map((agent) => agent.url),
    rate: undefined,
  });
  const central = await deploy({
    ...deployment,
    title: `${hosts} plain pulls`,
    sources: agents.map(() => registry.url),
    rate,
  });
  const result: DemoResult = {
    hosts,
    imageBytes: image.size,
    rateBytesPerSecond: rate,
    swarm: { seconds: swarm.seconds, registryBytes: swarm.registryBytes },
    central: { seconds: central.seconds, registryBytes: central.registryBytes },
    verified: Math.min(swarm.verified, central.verified),
  };
  say(describeResult(result));
  if (!options.once) {
    say(
      describeNext(
        registry.url,
        agents.map((agent) => agent.url),
        `${repository}:${tag}`,
      ),
    );
    await once(signal, 'abort');
    if (signal.reason instanceof RoleEnded) throw signal.reason;
  }
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return result.verified === hosts ? 0 : 1;
}

/** Writes text; on a terminal, text without a line's end is written over by the next. */
function createSpeaker(stream: NodeJS.WriteStream): (text: string) => void {
  let isOpen = false;
  return (text) => {
    const isPassing = !text.includes('\n') && text.startsWith('  ');
    if (isPassing && !stream.isTTY) return;
    stream.write(`${isOpen ? '\r\u001b[K' : ''}${text}`);
    isOpen = isPassing;
  };
}

process.exitCode = await main();
