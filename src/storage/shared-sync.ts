/**
 * Syncs on behalf of many at a time: whoever comes while a sync runs shares the next one. A sync that failed is the last:
 * what the system then still holds of the changes cannot be known.
 */
export class SharedSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves when all that was written before the call is durable. Throws what the sync threw, from then on always. */
  async wait(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    await (this.#next ?? this.#begin());
  }

  #begin(): Promise<void> {
    if (this.#running === undefined) return this.#run();
    // The one that runs may have begun before the last change.
    this.#next = this.#running.then(
      () => this.#run(),
      () => this.wait(),
    );
    return this.#next;
  }

  async #run(): Promise<void> {
    this.#next = undefined;
    this.#running = this.#sync();
    try {
      await this.#running;
    } catch (error) {
      this.#failure = { error };
      throw error;
    } finally {
      this.#running = undefined;
    }
  }
}
