import type { Random } from '../../src/base/random.ts';
import type { Geometry } from '../../src/torrent/geometry.ts';
import type { Blocks } from './blocks.ts';
import type { Board } from './board.ts';
import type { EventQueue } from './event-queue.ts';
import type { SimTracker } from './sim-tracker.ts';

/** What is tried out: the numbers that the product has as constants. */
export interface Tuning {
  readonly slots: number;
  readonly sources: number;
  /** Milliseconds between two messages about pieces and interest to the same peers. */
  readonly tick: number;
}

/** What all hosts of a simulation share. */
export interface World {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly tracker: SimTracker;
  readonly board: Board;
  readonly blobs: readonly { readonly geometry: Geometry; readonly blocks: Blocks }[];
  readonly isZoned: boolean;
  /** Bytes of a block. */
  readonly blockLength: number;
  /** Milliseconds from host to host. */
  readonly latency: number;
  readonly tuning: Tuning;
  /** A host has everything, for the first time. */
  readonly completed: () => void;
}
