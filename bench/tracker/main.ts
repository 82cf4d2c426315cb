/** How many announces a tracker answers: `npm run bench:tracker -- --help`. */
import { chmod } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../test/lab/program.ts';
import type { Workplace } from '../../test/lab/workplace.ts';
import { smallBlob } from '../idle-torrents/make-blobs.ts';
import { profiling } from '../profiling.ts';
import { runBench } from '../run-bench.ts';
import { usageOf } from '../../test/lab/usage.ts';
import { docket, onCore, opentracker, type Contender, type RunningTracker } from './contenders.ts';
import type { Loaded, LoadJob } from './load.ts';
import { parseOptions, usage, type Kind, type TrackerOptions } from './options.ts';

const loader = fileURLToPath(new URL('load.ts', import.meta.url));

/** What one tracker did with one kind of announce. */
interface Result {
  readonly name: string;
  /** `first`: the first announce of each peer, over UDP, in which it is introduced to others. */
  readonly kind: Kind | 'first';
  readonly announcesPerSecond: number;
  /** What a whole core would answer: the loader may be the slower one. */
  readonly announcesPerCpuSecond: number;
  readonly peersPerAnswer: number;
  readonly rssMB: number;
  readonly failed: number;
}

await runBench({ name: 'tracker', usage, parseOptions, run });

async function run(
  options: TrackerOptions,
  place: Workplace,
  say: (line: string) => void,
): Promise<object> {
  // opentracker changes its user.
  await chmod(place.folder, 0o755);
  const blobs = Array.from({ length: options.swarms }, () => smallBlob(64));
  say(`${options.swarms} swarms of ${options.peers} peers, ${options.want} wanted`);
  say(row('', 'announces/s', 'per CPU s', 'peers each', 'RSS MB', 'failed'));
  const results: Result[] = [];
  for (const contender of contendersOf(options)) {
    const tracker = await contender.start(place, blobs);
    const infoHashes = blobs.map(({ metainfo }) => metainfo.infoHash);
    const run = async (kind: Kind, seconds: number): Promise<Result> =>
      await load(
        place,
        contender,
        { ...jobOf(kind, tracker, options), seconds, infoHashes },
        options,
      );
    const show = (result: Result): void => {
      results.push(result);
      say(rowOf(result));
    };
    show({ ...(await run('udp', 0)), kind: 'first' });
    for (const kind of options.kinds.filter((one) => contender.kinds.includes(one))) {
      show(await run(kind, options.seconds));
    }
    tracker.program.signal('SIGINT');
    await tracker.program.ended;
  }
  return { results };
}

function contendersOf(options: TrackerOptions): readonly Contender[] {
  const isThere = findProgram('opentracker') !== undefined;
  if (options.opentracker === true && !isThere) throw new Error('opentracker is not installed');
  const takesPart = options.opentracker ?? isThere;
  return [docket(options.cpuProfile), ...(takesPart ? [opentracker] : [])];
}

function jobOf(
  kind: Kind,
  tracker: RunningTracker,
  options: TrackerOptions,
): Omit<LoadJob, 'infoHashes' | 'seconds'> {
  const { hosts, peers, want, zones, batch } = options;
  return {
    kind,
    host: '127.0.0.1',
    port: tracker.port,
    pid: tracker.program.pid,
    hosts,
    peersPerHost: peers / hosts,
    want,
    zones,
    batch,
  };
}

async function load(
  place: Workplace,
  { name }: Contender,
  job: LoadJob,
  options: TrackerOptions,
): Promise<Result> {
  const node = [process.execPath, ...profiling(options.cpuProfile, `loader-${name}-${job.kind}`)];
  const output = await place.run(onCore(1, [...node, loader, JSON.stringify(job)]), {
    name: 'loader',
    within: 180_000,
  });
  const [, text] = /^loaded (.*)$/m.exec(output) ?? [];
  if (text === undefined) throw new Error(`the loader told nothing: ${output}`);
  const loaded = JSON.parse(text) as Loaded;
  if (loaded.firstFailure !== undefined) {
    process.stderr.write(`${name} over ${job.kind}: ${loaded.firstFailure}\n`);
  }
  return {
    name,
    kind: job.kind,
    announcesPerSecond: Math.round(loaded.announces / loaded.seconds),
    announcesPerCpuSecond: Math.round(loaded.announces / loaded.cpuSeconds),
    peersPerAnswer: Number(loaded.peersPerAnswer.toFixed(1)),
    rssMB: Math.round(usageOf(job.pid).rss / 1e6),
    failed: loaded.failed,
  };
}

function rowOf(result: Result): string {
  const { name, kind, ...rest } = result;
  return row(
    `${name} ${kind}`,
    String(rest.announcesPerSecond),
    String(rest.announcesPerCpuSecond),
    String(rest.peersPerAnswer),
    String(rest.rssMB),
    String(rest.failed),
  );
}

function row(name: string, ...cells: readonly string[]): string {
  return name.padEnd(18) + cells.map((cell) => cell.padStart(14)).join('');
}
