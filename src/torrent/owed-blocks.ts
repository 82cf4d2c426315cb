/** What one source was asked for, in the order of the requests. */
interface Debts {
  readonly owed: number[];
  /** A block stands here as often as it was taken back and not answered yet. */
  readonly takenBack: number[];
  /** It has sent something of use. */
  isProven: boolean;
}

/**
 * Which blocks each source owes, and which were taken back from it: those it may send, or refuse, all the same. A block is
 * known by a number of the caller's.
 */
export class OwedBlocks<Source> {
  readonly #debts = new Map<Source, Debts>();

  /** How many blocks this source owes. */
  count(source: Source): number {
    return this.#debts.get(source)?.owed.length ?? 0;
  }

  owes(source: Source, block: number): boolean {
    return this.#debts.get(source)?.owed.includes(block) ?? false;
  }

  add(source: Source, block: number): void {
    const debts = this.#debts.get(source);
    if (debts === undefined)
      this.#debts.set(source, { owed: [block], takenBack: [], isProven: false });
    else debts.owed.push(block);
  }

  /** The source, which was asked for something, sent something of use. */
  prove(source: Source): void {
    const debts = this.#debts.get(source);
    if (debts !== undefined) debts.isProven = true;
  }

  isProven(source: Source): boolean {
    return this.#debts.get(source)?.isProven === true;
  }

  /** The source sent the block; what that block was. */
  sent(source: Source, block: number): 'owed' | 'takenBack' | 'neither' {
    const debts = this.#debts.get(source);
    if (debts === undefined) return 'neither';
    if (remove(debts.owed, block)) return 'owed';
    return remove(debts.takenBack, block) ? 'takenBack' : 'neither';
  }

  /**
   * The source refused the block; what that block was. Answers come in the order of the requests, so a block that was
   * taken back and then asked for again is refused for the first of them.
   */
  refused(source: Source, block: number): 'owed' | 'takenBack' | 'neither' {
    const debts = this.#debts.get(source);
    if (debts === undefined) return 'neither';
    if (remove(debts.takenBack, block)) return 'takenBack';
    return remove(debts.owed, block) ? 'owed' : 'neither';
  }

  /** Takes back all that this source owes; which blocks. */
  takeBack(source: Source): readonly number[] {
    const debts = this.#debts.get(source);
    if (debts === undefined) return [];
    const blocks = debts.owed.splice(0);
    debts.takenBack.push(...blocks);
    return blocks;
  }

  /** Takes this block back from all who owe it; who they were. */
  takeBackFromAll(block: number): readonly Source[] {
    const from: Source[] = [];
    for (const [source, { owed, takenBack }] of this.#debts) {
      if (!remove(owed, block)) continue;
      takenBack.push(block);
      from.push(source);
    }
    return from;
  }

  /** The source will send nothing more. What it owes must be taken back first. */
  forget(source: Source): void {
    this.#debts.delete(source);
  }
}

/** Nearly always it is the first one: a source answers in the order in which it was asked. */
function remove(blocks: number[], block: number): boolean {
  if (blocks[0] === block) {
    blocks.shift();
    return true;
  }
  const place = blocks.indexOf(block);
  if (place < 0) return false;
  blocks.splice(place, 1);
  return true;
}
