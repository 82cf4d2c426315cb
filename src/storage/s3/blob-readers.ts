import type { Digest } from '../../oci/digest.ts';

/**
 * Who reads which blob here, so that one that is removed stays readable for them: its object goes with the last of them. If the process
 * dies before, nobody knows the object any more, and it is collected.
 */
export class BlobReaders {
  readonly #removeNow: (digest: Digest) => Promise<void>;
  readonly #counts = new Map<Digest, number>();
  /** Removed, and still read or just going. */
  readonly #removed = new Set<Digest>();
  readonly #going = new Map<Digest, Promise<void>>();

  constructor(removeNow: (digest: Digest) => Promise<void>) {
    this.#removeNow = removeNow;
  }

  opened(digest: Digest): void {
    this.#counts.set(digest, (this.#counts.get(digest) ?? 0) + 1);
  }

  closed(digest: Digest): void {
    const left = (this.#counts.get(digest) ?? 1) - 1;
    if (left > 0) {
      this.#counts.set(digest, left);
      return;
    }
    this.#counts.delete(digest);
    // What fails here is an object that nobody knows: it is collected.
    if (this.#removed.has(digest)) this.#remove(digest).catch(() => {});
  }

  /** From the call of `remove` on, until it is restored. */
  isRemoved(digest: Digest): boolean {
    return this.#removed.has(digest);
  }

  /** Removes the object, or has it removed when nobody reads it any more. Throws what that throws, when it is done at once. */
  async remove(digest: Digest): Promise<void> {
    this.#removed.add(digest);
    if (this.#counts.has(digest)) return;
    await this.#remove(digest);
  }

  /** The object is about to be written anew: what removes it ends first. */
  async restored(digest: Digest): Promise<void> {
    this.#removed.delete(digest);
    await this.#going.get(digest)?.catch(() => {});
  }

  /** Resolves when nothing is being removed. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#going.values());
  }

  async #remove(digest: Digest): Promise<void> {
    const going = this.#removeNow(digest).finally(() => {
      this.#going.delete(digest);
      this.#removed.delete(digest);
    });
    this.#going.set(digest, going);
    await going;
  }
}
