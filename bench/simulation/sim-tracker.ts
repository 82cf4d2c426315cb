import type { Clock } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import { announceDelay } from '../../src/torrent/announce-delay.ts';
import type { InfoHash, PeerAddress } from '../../src/torrent/ids.ts';
import { peersWanted } from '../../src/swarm/download-task.ts';
import { MemoryPeerTable } from '../../src/tracker/memory-peer-table.ts';
import { listedFor, originLinks, usualIntervals } from '../../src/tracker/tracker.ts';
import type { EventQueue, Happening } from './event-queue.ts';
import type { SimHost } from './sim-host.ts';
import type { SimTorrent } from './sim-torrent.ts';

const port = 6881;

/** The product's peer table, asked by simulated hosts. */
export class SimTracker {
  /** Announces in each second. */
  readonly announces: number[] = [];
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #latency: number;
  readonly #table: MemoryPeerTable;
  readonly #hosts: readonly SimHost[];

  constructor(queue: EventQueue, random: Random, latency: number, hosts: readonly SimHost[]) {
    this.#queue = queue;
    this.#random = random;
    this.#latency = latency;
    this.#hosts = hosts;
    this.#table = new MemoryPeerTable({ clock: clockOf(queue), random });
  }

  /** A download begins to announce. */
  began(torrent: SimTorrent, life: number): void {
    const again: Happening = {
      happen: () => {
        if (!torrent.host.isUp || torrent.host.life !== life || torrent.have.isFull) return;
        this.#queue.after(this.#announce(torrent), again);
      },
    };
    this.#queue.after(this.#latency, again);
  }

  completed(torrent: SimTorrent): void {
    this.#queue.after(this.#latency, { happen: () => this.#announce(torrent) });
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  /** Returns the milliseconds until the next. */
  #announce(torrent: SimTorrent): number {
    const { host } = torrent;
    const second = Math.floor(this.#queue.now / 1000);
    this.announces[second] = (this.announces[second] ?? 0) + 1;
    const { zone } = host.plan;
    const isComplete = torrent.have.isFull;
    const origin = this.#hosts[0];
    const { seed, downloader, least } = usualIntervals;
    const interval = isComplete ? seed : downloader;
    const { peers, complete, incomplete } = this.#table.announce(infoHashOf(torrent.index), {
      address: addressOf(host),
      zone,
      isComplete,
      left: torrent.geometry.pieceCount - torrent.have.count,
      want: isComplete ? 0 : peersWanted,
      lifetime: listedFor(interval),
      origin: origin?.isUp === true ? { address: addressOf(origin), most: originLinks } : undefined,
    });
    const found = peers.flatMap((peer) => this.#hosts[numberOf(peer)] ?? []);
    // The answer, a connection, and the handshakes.
    this.#queue.after(4 * this.#latency, { happen: () => torrent.found(found) });
    const state = {
      isComplete,
      connections: torrent.members.length + found.length,
      known: complete + incomplete,
      interval: 1000 * interval,
      minInterval: 1000 * least,
    };
    return announceDelay(state, this.#random());
  }
}

function clockOf(queue: EventQueue): Clock {
  return {
    now: () => queue.now,
    after(milliseconds, task) {
      let isCancelled = false;
      queue.after(milliseconds, { happen: () => isCancelled || task() });
      return () => (isCancelled = true);
    },
  };
}

function infoHashOf(blob: number): InfoHash {
  return blob.toString(16).padStart(40, '0') as InfoHash;
}

function addressOf({ plan: { number } }: SimHost): PeerAddress {
  return { host: `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`, port };
}

function numberOf({ host }: PeerAddress): number {
  const [, high = 0, middle = 0, low = 0] = host.split('.').map(Number);
  return (high << 16) | (middle << 8) | low;
}
