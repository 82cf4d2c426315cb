/** Peers that a host draws from at a time. */
export const usualSources = 6;

/**
 * How many peers a host draws from at a time, over all its torrents. As many as a peer serves: when both are few and
 * alike, each link carries few pieces at a time, which are soon whole and can be passed on. A host that draws from
 * enough peers withdraws its interest from all others, so that they give their slots to those who can take more.
 */
export class Appetite {
  readonly most: number;
  #sources = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** How many peers owe us something. */
  get sources(): number {
    return this.#sources;
  }

  get isFull(): boolean {
    return this.#sources >= this.most;
  }

  /** A peer that owed nothing was asked for something. */
  began(): void {
    this.#sources++;
  }

  /** A peer owes nothing any more. */
  ended(): void {
    this.#sources--;
  }
}
