import { every, type Clock } from '../../base/clock.ts';

export interface StallWatchOptions {
  readonly clock: Clock;
  /** Whether the registry answers at all, at the moment. Never rejects. */
  readonly answers: () => Promise<boolean>;
  readonly onNote: (text: string) => void;
}

const lookEvery = 1000;
const firstAfter = 10_000;
const againAfter = 30_000;

/** Tells when a pull waits for bytes that do not come: after 10 s, and then each 30 s until some come. */
export class StallWatch implements Disposable {
  readonly #options: StallWatchOptions;
  readonly #stop: () => void;
  #came = 0;
  #since: number;
  #tellAt: number;
  #ended = false;

  constructor(options: StallWatchOptions) {
    this.#options = options;
    this.#since = options.clock.now();
    this.#tellAt = this.#since + firstAfter;
    this.#stop = every(options.clock, lookEvery, () => void this.#look());
  }

  /** Something that only grows or begins anew, such as the bytes so far, is at `state` now. */
  came(state: number): void {
    if (state === this.#came) return;
    this.#came = state;
    this.#since = this.#options.clock.now();
    this.#tellAt = this.#since + firstAfter;
  }

  /** Nothing more is waited for. */
  end(): void {
    this.#ended = true;
    this.#stop();
  }

  [Symbol.dispose](): void {
    this.end();
  }

  async #look(): Promise<void> {
    const { clock, answers, onNote } = this.#options;
    if (clock.now() < this.#tellAt) return;
    const since = this.#since;
    this.#tellAt = clock.now() + againAfter;
    const isThere = await answers();
    if (this.#ended || since !== this.#since) return;
    const seconds = Math.floor((clock.now() - since) / 1000);
    onNote(
      isThere
        ? `Nothing has come for ${seconds} s, though the registry answers; waiting`
        : `Nothing has come for ${seconds} s: the registry does not answer, and no peer has the rest; waiting`,
    );
  }
}
