/** The blocks that one side of a connection asked the other for, by their numbers. */
export class AskedBlocks {
  /** Asked for, and neither answered nor taken back. */
  readonly wanted = new Set<number>();
  /** How often each may still be answered: also what was taken back, as the answer may be on its way. */
  readonly #open = new Map<number, number>();

  ask(block: number): void {
    this.wanted.add(block);
    this.#open.set(block, (this.#open.get(block) ?? 0) + 1);
  }

  /** It need not be sent any more. False when it was not asked for. */
  takeBack(block: number): boolean {
    return this.wanted.delete(block) || this.#open.has(block);
  }

  mayCome(block: number): boolean {
    return this.#open.has(block);
  }

  /** It was sent or refused. False when it was not asked for. */
  answer(block: number): boolean {
    this.wanted.delete(block);
    const times = this.#open.get(block) ?? 0;
    if (times > 1) this.#open.set(block, times - 1);
    else this.#open.delete(block);
    return times > 0;
  }

  /** Nothing of it will be answered. */
  forget(): void {
    this.wanted.clear();
    this.#open.clear();
  }
}
