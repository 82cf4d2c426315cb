import { seededRandom, type Random } from '../../../src/base/random.ts';
import type { InfoHash } from '../../../src/torrent/ids.ts';
import type { Metainfo } from '../../../src/torrent/metainfo.ts';
import type { Blob } from '../scenario/blob.ts';
import { MemoryNetwork, type NetworkNature } from './memory-network.ts';
import { Timeline } from './timeline.ts';

/** Something that must never be, when it was. */
export interface Violation {
  readonly at: number;
  readonly who: string;
  readonly what: string;
}

/** All that one run takes place in: time, network, chance, the blobs, and what went wrong. */
export class World {
  readonly timeline = new Timeline();
  readonly network: MemoryNetwork;
  readonly blobs: readonly Blob[];
  readonly violations: Violation[] = [];
  /** When all is in order again, in virtual milliseconds. */
  quietFrom = 0;
  /** A number for all that happened so far: two runs of one seed must come to the same. */
  fingerprint = 0x811c9dc5;
  readonly #seed: number;
  readonly #print: ((line: string) => void) | undefined;
  #streams = 0;

  constructor(
    seed: number,
    nature: NetworkNature,
    blobs: readonly Blob[],
    print: ((line: string) => void) | undefined,
  ) {
    this.#seed = seed;
    this.#print = print;
    this.blobs = blobs;
    this.network = new MemoryNetwork(this.timeline, this.random(), nature);
    this.network.trace = (text) => this.trace('network', text);
  }

  /** Chance of its own for whoever needs it, so that more draws of one change nothing for another. */
  random(): Random {
    return seededRandom((this.#seed * 0x9e3779b1 + ++this.#streams * 0x85ebca6b) >>> 0);
  }

  blobOf(infoHash: InfoHash): Blob | undefined {
    return this.blobs.find(({ metainfo }) => metainfo.infoHash === infoHash);
  }

  /** What should stand in the file of that torrent. */
  truth(metainfo: Metainfo): Buffer {
    const blob = this.blobOf(metainfo.infoHash);
    if (blob === undefined) throw new Error('an unknown blob');
    return blob.bytes;
  }

  wrong(who: string, what: string): void {
    this.trace(who, () => `WRONG: ${what}`);
    this.violations.push({ at: this.timeline.now, who, what });
  }

  trace(who: string, text: () => string): void {
    this.#print?.(`${this.timeline.now.toFixed(3).padStart(12)} ${who.padEnd(12)} ${text()}`);
  }

  /** Takes a number into the fingerprint (FNV-1a by words). */
  mark(value: number): void {
    this.fingerprint = Math.imul(this.fingerprint ^ (value | 0), 0x01000193) >>> 0;
  }
}
