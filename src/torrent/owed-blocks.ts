/**
 * Which blocks each source owes, and which were taken back from it: those it may send, or refuse, all the same. A block is
 * known by a number of the caller's.
 */
export class OwedBlocks<Source> {
  readonly #owed = new Map<Source, Set<number>>();
  readonly #takenBack = new Map<Source, Set<number>>();

  /** How many blocks this source owes. */
  count(source: Source): number {
    return this.#owed.get(source)?.size ?? 0;
  }

  owes(source: Source, block: number): boolean {
    return this.#owed.get(source)?.has(block) ?? false;
  }

  add(source: Source, block: number): void {
    getOrCreate(this.#owed, source).add(block);
  }

  /** The source sent the block, or refused it; what that block was. */
  settle(source: Source, block: number): 'owed' | 'takenBack' | 'neither' {
    if (this.#owed.get(source)?.delete(block) === true) return 'owed';
    return this.#takenBack.get(source)?.delete(block) === true ? 'takenBack' : 'neither';
  }

  /** Takes back all that this source owes; which blocks. */
  takeBack(source: Source): readonly number[] {
    const blocks = [...(this.#owed.get(source) ?? [])];
    this.#owed.delete(source);
    if (blocks.length === 0) return blocks;
    const takenBack = getOrCreate(this.#takenBack, source);
    for (const block of blocks) takenBack.add(block);
    return blocks;
  }

  /** Takes this block back from all who owe it; who they were. */
  takeBackFromAll(block: number): readonly Source[] {
    const from: Source[] = [];
    for (const [source, owed] of this.#owed) if (owed.delete(block)) from.push(source);
    for (const source of from) getOrCreate(this.#takenBack, source).add(block);
    return from;
  }

  /** The source will send nothing more. What it owes must be taken back first. */
  forget(source: Source): void {
    this.#owed.delete(source);
    this.#takenBack.delete(source);
  }
}

function getOrCreate<Key>(sets: Map<Key, Set<number>>, key: Key): Set<number> {
  const found = sets.get(key);
  if (found !== undefined) return found;
  const created = new Set<number>();
  sets.set(key, created);
  return created;
}
