/** Parts of blobs that were read or verified lately, for all torrents of a process, at most `limit` bytes of them. */
export class BlockCache {
  readonly #limit: number;
  readonly #entries = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Uint8Array | undefined {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      // A Map keeps the order of insertion: the front is what was used longest ago.
      this.#entries.delete(key);
      this.#entries.set(key, found);
    }
    return found;
  }

  put(key: string, bytes: Uint8Array): void {
    this.#bytes += bytes.length - (this.#entries.get(key)?.length ?? 0);
    this.#entries.delete(key);
    this.#entries.set(key, bytes);
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#limit) break;
      this.#bytes -= entry.length;
      this.#entries.delete(oldest);
    }
  }

  /** Drops all that belongs to one torrent. */
  drop(prefix: string): void {
    for (const [key, entry] of this.#entries) {
      if (!key.startsWith(prefix)) continue;
      this.#bytes -= entry.length;
      this.#entries.delete(key);
    }
  }
}
