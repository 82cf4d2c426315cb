/**
 * Which blocks each source owes, and which were taken back from it: those it may send, or refuse, all the same. A block is
 * known by a number of the caller's.
 */
export class OwedBlocks<Source> {
  readonly #owed = new Map<Source, Set<number>>();
  /** How often each block was taken back and not answered yet. */
  readonly #takenBack = new Map<Source, Map<number, number>>();

  /** How many blocks this source owes. */
  count(source: Source): number {
    return this.#owed.get(source)?.size ?? 0;
  }

  owes(source: Source, block: number): boolean {
    return this.#owed.get(source)?.has(block) ?? false;
  }

  add(source: Source, block: number): void {
    const owed = this.#owed.get(source);
    if (owed === undefined) this.#owed.set(source, new Set([block]));
    else owed.add(block);
  }

  /** The source sent the block; what that block was. */
  sent(source: Source, block: number): 'owed' | 'takenBack' | 'neither' {
    if (this.#owed.get(source)?.delete(block) === true) return 'owed';
    return this.#forgive(source, block) ? 'takenBack' : 'neither';
  }

  /**
   * The source refused the block; what that block was. Answers come in the order of the requests, so a block that was
   * taken back and then asked for again is refused for the first of them.
   */
  refused(source: Source, block: number): 'owed' | 'takenBack' | 'neither' {
    if (this.#forgive(source, block)) return 'takenBack';
    return this.#owed.get(source)?.delete(block) === true ? 'owed' : 'neither';
  }

  /** Takes back all that this source owes; which blocks. */
  takeBack(source: Source): readonly number[] {
    const blocks = [...(this.#owed.get(source) ?? [])];
    this.#owed.delete(source);
    for (const block of blocks) this.#noteTakenBack(source, block);
    return blocks;
  }

  /** Takes this block back from all who owe it; who they were. */
  takeBackFromAll(block: number): readonly Source[] {
    const from: Source[] = [];
    for (const [source, owed] of this.#owed) if (owed.delete(block)) from.push(source);
    for (const source of from) this.#noteTakenBack(source, block);
    return from;
  }

  /** The source will send nothing more. What it owes must be taken back first. */
  forget(source: Source): void {
    this.#owed.delete(source);
    this.#takenBack.delete(source);
  }

  #noteTakenBack(source: Source, block: number): void {
    const blocks = this.#takenBack.get(source) ?? new Map<number, number>();
    this.#takenBack.set(source, blocks);
    blocks.set(block, (blocks.get(block) ?? 0) + 1);
  }

  /** Settles one request for the block that was taken back; false when there is none. */
  #forgive(source: Source, block: number): boolean {
    const blocks = this.#takenBack.get(source);
    const times = blocks?.get(block);
    if (blocks === undefined || times === undefined) return false;
    if (times > 1) blocks.set(block, times - 1);
    else blocks.delete(block);
    return true;
  }
}
