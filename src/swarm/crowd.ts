import { networkOf } from '../torrent/ip-address.ts';

/** A network may have so many times the room that is left: all hosts of a cluster may be in one. */
const networkShare = 4;

/**
 * How many places are taken, and by whom. An address may hold as many as are free: alone it gets half of them, two get a
 * third each, and however many one holds, there is room for another. So many containers behind one address fit in, and a
 * flood from one leaves the rest alone. The same holds for its network (/24, or /64 in IPv6), which may be four times as greedy.
 */
export class Crowd {
  readonly #most: number;
  readonly #hosts = new Map<string, number>();
  readonly #networks = new Map<string, number>();
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** True when one more from that address may come. */
  hasRoomFor(host: string): boolean {
    const free = this.#most - this.#size;
    return (
      (this.#hosts.get(host) ?? 0) < free &&
      (this.#networks.get(networkOf(host)) ?? 0) < networkShare * free
    );
  }

  add(host: string): void {
    this.#size++;
    count(this.#hosts, host, 1);
    count(this.#networks, networkOf(host), 1);
  }

  remove(host: string): void {
    this.#size--;
    count(this.#hosts, host, -1);
    count(this.#networks, networkOf(host), -1);
  }
}

function count(counts: Map<string, number>, key: string, by: number): void {
  const sum = (counts.get(key) ?? 0) + by;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
