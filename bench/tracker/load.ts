/**
 * The loader: announces as fast as it is answered, and tells in a line of JSON how fast that was. Its one argument is a
 * `LoadJob` in JSON.
 */
import { usageOf } from '../../test/lab/usage.ts';
import { BatchLoad } from './batch-load.ts';
import { CrowdHost, type CrowdOptions } from './crowd.ts';
import { HttpLoad } from './http-load.ts';
import type { Kind } from './options.ts';
import { UdpLoad } from './udp-load.ts';

/** What a loader does. */
export interface LoadJob extends CrowdOptions {
  readonly kind: Kind;
  readonly host: string;
  readonly port: number;
  /** The tracker's process. */
  readonly pid: number;
  /** How long it measures; 0: until all peers have come so often that each is given as many as it wants. */
  readonly seconds: number;
  readonly batch: number;
}

/** One host's way of announcing. */
export interface Load {
  /** Begins, and goes on until `stop`. */
  start(): void;
  stop(): void;
}

/** What all hosts of a loader count. */
export interface Tally {
  /** Announces that were answered as they should be. */
  answered: number;
  /** Peers in those answers. */
  peers: number;
  /** Answers that are wrong or missing. */
  failed: number;
  firstFailure: string | undefined;
}

/** What is told of the time that was measured. */
export interface Loaded {
  readonly announces: number;
  readonly seconds: number;
  /** Of the tracker. */
  readonly cpuSeconds: number;
  /** Of the loader. */
  readonly loaderCpuSeconds: number;
  readonly peersPerAnswer: number;
  readonly failed: number;
  readonly firstFailure?: string | undefined;
}

const loads = { http: HttpLoad, udp: UdpLoad, batch: BatchLoad };

const job = JSON.parse(process.argv[2] ?? '{}') as LoadJob;
const tally: Tally = { answered: 0, peers: 0, failed: 0, firstFailure: undefined };
const hosts = Array.from({ length: job.hosts }, (_, number) => new CrowdHost(number, job));
const running = hosts.map((host) => new loads[job.kind](host, job, tally));
/** Announces of each peer until it has links with as many peers as it wants. */
const rounds = 4;
const all = hosts.reduce((sum, host) => sum + host.size, 0);

for (const load of running) load.start();
if (job.seconds === 0) {
  await measure(() => tally.answered >= all);
  while (tally.answered < rounds * all) await pass(50);
} else {
  await pass(500);
  await measure((seconds) => seconds >= job.seconds);
}
for (const load of running) load.stop();

/** Counts until `isOver`. */
async function measure(isOver: (seconds: number) => boolean): Promise<void> {
  const before = { ...tally };
  const began = performance.now();
  const cpu = usageOf(job.pid).cpuSeconds;
  const own = process.cpuUsage();
  const seconds = (): number => (performance.now() - began) / 1000;
  while (!isOver(seconds()) && seconds() < 120) await pass(20);
  const used = process.cpuUsage(own);
  const announces = tally.answered - before.answered;
  const loaded: Loaded = {
    announces,
    seconds: seconds(),
    cpuSeconds: usageOf(job.pid).cpuSeconds - cpu,
    loaderCpuSeconds: (used.user + used.system) / 1e6,
    peersPerAnswer: (tally.peers - before.peers) / Math.max(announces, 1),
    failed: tally.failed - before.failed,
    firstFailure: tally.firstFailure,
  };
  process.stdout.write(`loaded ${JSON.stringify(loaded)}\n`);
}

function pass(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}
