import { abortable } from '../base/abortable.ts';

/** Readers that wait for pieces to be verified. */
export class PieceWaits {
  readonly #waits = new Map<
    number,
    { readonly since: number; readonly promise: PromiseWithResolvers<void>; readers: number }
  >();
  #failure: { readonly error: unknown } | undefined;

  /** Resolves when the piece is verified; rejects with the failure of all, or by the signal. */
  async wait(piece: number, now: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
    const wait = this.#waits.get(piece) ?? {
      since: now,
      promise: Promise.withResolvers<void>(),
      readers: 0,
    };
    this.#waits.set(piece, wait);
    wait.readers++;
    try {
      await abortable(wait.promise.promise, signal);
    } finally {
      wait.readers--;
      if (wait.readers === 0 && this.#waits.get(piece) === wait) this.#waits.delete(piece);
    }
  }

  verified(piece: number): void {
    this.#waits.get(piece)?.promise.resolve();
    this.#waits.delete(piece);
  }

  /** Everybody's wait is over, and every later one. */
  fail(error: unknown): void {
    this.#failure = { error };
    for (const { promise } of this.#waits.values()) promise.reject(error);
    this.#waits.clear();
  }

  /** The pieces that somebody has waited for since before `moment`. */
  waitedSince(moment: number): number[] {
    return [...this.#waits].filter(([, { since }]) => since < moment).map(([piece]) => piece);
  }
}
