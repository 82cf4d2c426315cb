/** One direction of a link that everything passes in the order in which it comes. Bytes a millisecond, and milliseconds. */
export class Link {
  readonly rate: number;
  /** When all that was put on it is through. */
  #freeAt = 0;

  constructor(rate: number) {
    this.rate = rate;
  }

  /**
   * When bytes are through whose last one comes at `at`: they pass while they come, unless the link is slower than that or
   * others are before them.
   */
  pass(bytes: number, at: number): number {
    this.#freeAt = Math.max(at, this.#freeAt + bytes / this.rate);
    return this.#freeAt;
  }
}
