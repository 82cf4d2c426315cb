import type { Program } from '../../test/lab/program.ts';
import type { Workplace } from '../../test/lab/workplace.ts';
import type { BenchBlob } from './blob.ts';

/** One transfer. */
export interface Job {
  readonly place: Workplace;
  readonly blob: BenchBlob;
  /** An empty folder for what arrives. */
  readonly target: string;
}

/** Two peers of one engine in two processes that are ready, but do not know each other yet. */
export interface Pair {
  readonly sender: Program;
  readonly receiver: Program;
  /** Where the blob arrives. */
  readonly path: string;
  /**
   * Brings the two together; the seconds from then until every piece is verified and handed to the operating system's
   * files.
   */
  transfer(): Promise<number>;
}

/** An engine that takes part. */
export interface Contender {
  readonly name: string;
  /** Why it cannot run here, if it cannot. */
  missing(): string | undefined;
  start(job: Job): Promise<Pair>;
}

/** Milliseconds that a transfer may take. */
export const patience = 600_000;

/** Tells a peer, by a signal, to begin; the seconds that it says it took. */
export async function begin(receiver: Program): Promise<number> {
  receiver.signal('SIGUSR2');
  const [, seconds] = await receiver.line(/^whole after ([0-9.]+) s$/, patience);
  return Number(seconds);
}

/** Waits until a peer is ready; the port that it accepts others at. */
export async function portOf(peer: Program): Promise<number> {
  const [, port] = await peer.line(/^ready at (\d+)$/);
  return Number(port);
}
