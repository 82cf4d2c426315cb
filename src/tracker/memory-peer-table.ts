import { every, type Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import type { Introduction, PeerTable, SwarmFigures, TableAnnounce } from './peer-table.ts';
import { SwarmPeers } from './swarm-peers.ts';

export interface MemoryPeerTableOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The most peers that are listed in one swarm; default 20 000. */
  readonly peersPerSwarm?: number;
  /** The most peers that are listed in all swarms together; default 500 000. */
  readonly peers?: number;
}

const sweepInterval = 5_000;

/** The peer table of a single registry: after a restart the peers announce again, and it is whole. */
export class MemoryPeerTable implements PeerTable {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #peersPerSwarm: number;
  readonly #peers: number;
  readonly #swarms = new Map<InfoHash, SwarmPeers>();
  readonly #stopSweeping: () => void;
  #size = 0;

  constructor(options: MemoryPeerTableOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#peersPerSwarm = options.peersPerSwarm ?? 20_000;
    this.#peers = options.peers ?? 500_000;
    this.#stopSweeping = every(this.#clock, sweepInterval, () => this.#sweep());
  }

  announce(infoHash: InfoHash, announce: TableAnnounce): Introduction {
    return this.#change(infoHash, (swarm) => {
      const hasRoom = swarm.size < this.#peersPerSwarm && this.#size < this.#peers;
      const isListed = announce.address.port !== 0 && (hasRoom || swarm.has(announce.address));
      return swarm.announce(announce, this.#clock.now(), isListed);
    });
  }

  remove(infoHash: InfoHash, address: PeerAddress): void {
    this.#change(infoHash, (swarm) => swarm.remove(address));
  }

  figures(infoHash: InfoHash): SwarmFigures {
    const swarm = this.#swarms.get(infoHash);
    return swarm?.figures() ?? { complete: 0, incomplete: 0, downloaded: 0 };
  }

  async close(): Promise<void> {
    this.#stopSweeping();
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const infoHash of this.#swarms.keys()) {
      this.#change(infoHash, (swarm) => swarm.expire(now));
    }
  }

  /** Keeps the total true over a change of a swarm, and no swarm without peers. */
  #change<T>(infoHash: InfoHash, change: (swarm: SwarmPeers) => T): T {
    const swarm = this.#swarms.get(infoHash) ?? new SwarmPeers(this.#random);
    const before = swarm.size;
    const result = change(swarm);
    this.#size += swarm.size - before;
    if (swarm.size === 0) this.#swarms.delete(infoHash);
    else this.#swarms.set(infoHash, swarm);
    return result;
  }
}
