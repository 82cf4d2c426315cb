import type { AnnounceRequest } from '../../src/torrent/announce.ts';
import { peerIdOf, type InfoHash } from '../../src/torrent/ids.ts';
import { parseZone, type Zone } from '../../src/torrent/zone.ts';

/** Who announces what. */
export interface CrowdOptions {
  readonly infoHashes: readonly InfoHash[];
  /** Addresses of loopback that announce. */
  readonly hosts: number;
  /** Peers of each torrent at each address: they differ by their port. */
  readonly peersPerHost: number;
  readonly want: number;
  readonly zones: number;
}

/** The peers at one address, which announce one after another, without end. */
export class CrowdHost {
  readonly address: string;
  readonly zone: Zone | undefined;
  readonly #options: CrowdOptions;
  readonly #number: number;
  #at = 0;

  constructor(number: number, options: CrowdOptions) {
    this.address = `127.1.${number >> 8}.${(number & 0xff) + 1}`;
    this.zone = options.zones === 0 ? undefined : parseZone(`zone-${number % options.zones}`);
    this.#options = options;
    this.#number = number;
    // Not all hosts begin with the same torrent.
    this.#at = number * 7;
  }

  /** How many peers there are. */
  get size(): number {
    return this.#options.infoHashes.length * this.#options.peersPerHost;
  }

  /** The announce of the next peer. A tenth of them have everything. */
  next(event: AnnounceRequest['event']): AnnounceRequest {
    const { infoHashes, peersPerHost, want } = this.#options;
    const at = this.#at++ % this.size;
    const peer = Math.floor(at / infoHashes.length) % peersPerHost;
    return {
      infoHash: infoHashes[at % infoHashes.length] as InfoHash,
      peerId: peerIdOf(
        Buffer.from(`-DK0100-${`${this.#number}`.padStart(6, '0')}${`${peer}`.padStart(6, '0')}`),
      ),
      port: 10_000 + peer,
      uploaded: 0,
      downloaded: 1_048_576,
      left: (this.#number + peer) % 10 === 0 ? 0 : 104_857_600,
      event,
      numWant: want,
      zone: this.zone,
    };
  }
}
