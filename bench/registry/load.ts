/**
 * One load on a registry, in a process of its own: load.ts '<LoadJob as JSON>'. Ends with the line `loaded <Loaded as JSON>`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { usageOf } from '../../test/lab/usage.ts';
import { Connection, requestOf } from './connection.ts';
import {
  expectStatus,
  manifestType,
  pushImage,
  pushStream,
  smallImage,
  type SmallImage,
} from './push.ts';
import { StreamBlob } from './stream-blob.ts';

/** What is done to a registry. */
export type LoadJob = { readonly port: number; readonly pid: number } & LoadWork;

export type LoadWork =
  | { readonly kind: 'push'; readonly size: number }
  | {
      readonly kind: 'pull';
      readonly digest: string;
      readonly size: number;
      readonly clients: number;
    }
  | { readonly kind: 'manifests'; readonly count: number; readonly connections: number }
  | { readonly kind: 'small-pushes'; readonly count: number; readonly connections: number };

export interface Loaded {
  /** Bytes, or requests or images, in all. */
  readonly done: number;
  readonly seconds: number;
  /** Of the registry. */
  readonly cpuSeconds: number;
  readonly peakRss: number;
  /** The part of a core that this process used: near 1 it is what was measured. */
  readonly clientShare: number;
  /** Of a blob that was pushed. */
  readonly digest?: string;
}

const repository = 'bench/blob';

const job = JSON.parse(process.argv[2] ?? '') as LoadJob;
console.log(`loaded ${JSON.stringify(await run(job))}`);
process.exit();

async function run(work: LoadJob): Promise<Loaded> {
  if (work.kind === 'push') return await push(work.size);
  if (work.kind === 'pull') return await pull(work.digest, work.size, work.clients);
  if (work.kind === 'manifests') return await manifests(work.count, work.connections);
  return await smallPushes(work.count, work.connections);
}

async function push(size: number): Promise<Loaded> {
  // A first push of a few MB: no registry runs its code for the first time.
  const [small, blob] = [new StreamBlob(Math.min(size, 32 << 20)), new StreamBlob(size)];
  const digest = blob.digest();
  const connection = await Connection.open(job.port);
  await pushStream(connection, repository, small, small.digest());
  const measured = await measure(async () => {
    await pushStream(connection, repository, blob, digest);
    return size;
  });
  return { ...measured, digest };
}

async function pull(digest: string, size: number, clients: number): Promise<Loaded> {
  const request = requestOf('GET', `/v2/${repository}/blobs/${digest}`);
  const connections = await openAll(clients);
  const [first] = connections;
  const hash = createHash('sha256');
  await first?.ask(request, { onBytes: (bytes) => hash.update(bytes) });
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) throw new Error(`the registry sent ${actual} for ${digest}`);
  return await measure(async () => {
    const answers = await Promise.all(connections.map((each) => each.ask(request)));
    for (const answer of answers) {
      expectStatus(answer, 200);
      if (answer.length !== size) throw new Error(`${answer.length} bytes came`);
    }
    return size * clients;
  });
}

async function manifests(count: number, clients: number): Promise<Loaded> {
  const connections = await openAll(clients);
  const [first] = connections;
  const image = smallImage(randomBytes(1024), 'manifests');
  if (first !== undefined) await pushImage(first, repository, 'latest', image);
  const request = requestOf('GET', `/v2/${repository}/manifests/latest`, {
    Accept: manifestType,
  });
  const get = async (connection: Connection): Promise<void> => {
    const answer = await connection.ask(request);
    expectStatus(answer, 200);
    if (answer.length !== image.manifest.length) throw new Error(`${answer.length} bytes came`);
  };
  await shared(connections, Math.ceil(count / 5), get);
  return await measure(async () => await shared(connections, count, get));
}

async function smallPushes(count: number, clients: number): Promise<Loaded> {
  const connections = await openAll(clients);
  const warmUp = Math.ceil(count / 10);
  const images: readonly SmallImage[] = Array.from({ length: warmUp + count }, (_, index) =>
    smallImage(randomBytes(16 * 1024), `image ${index}`),
  );
  const each = async (connection: Connection, index: number): Promise<void> => {
    const image = images[index];
    if (image === undefined) throw new Error(`there is no image ${index}`);
    await pushImage(connection, `bench/app-${index % 10}`, `build-${index}`, image);
  };
  await shared(connections, warmUp, each);
  return await measure(
    async () =>
      await shared(connections, count, (connection, index) => each(connection, warmUp + index)),
  );
}

async function openAll(count: number): Promise<readonly Connection[]> {
  return await Promise.all(Array.from({ length: count }, () => Connection.open(job.port)));
}

/** Does something `count` times, on each connection one after another; how often. */
async function shared(
  connections: readonly Connection[],
  count: number,
  task: (connection: Connection, index: number) => Promise<void>,
): Promise<number> {
  let next = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (next < count) await task(connection, next++);
    }),
  );
  return count;
}

async function measure(task: () => Promise<number>): Promise<Omit<Loaded, 'digest'>> {
  const before = usageOf(job.pid);
  const [began, own] = [performance.now(), process.cpuUsage()];
  const done = await task();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(own);
  const after = usageOf(job.pid);
  return {
    done,
    seconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    peakRss: after.peakRss,
    clientShare: (user + system) / 1e6 / seconds,
  };
}
