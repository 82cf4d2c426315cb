const bitCounts = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
});

/** Which pieces somebody has (BEP 3 `bitfield`: the high bit of the first byte is piece 0). */
export class Bitfield {
  readonly length: number;
  readonly #bytes: Uint8Array;
  /** The same bits, 32 at a time, in no order that means anything: for looking at many at once. */
  readonly #words: Int32Array;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    const words = new Int32Array(Math.ceil(length / 32));
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer, 0, Math.ceil(length / 8));
  }

  static full(length: number): Bitfield {
    const field = new Bitfield(length);
    field.fill();
    return field;
  }

  /** The field in `bytes` (copied), or undefined when the size is wrong or a spare bit is set (BEP 3: drop the peer). */
  static parse(bytes: Uint8Array, length: number): Bitfield | undefined {
    const field = new Bitfield(length);
    if (bytes.length !== field.#bytes.length) return undefined;
    const spare = bytes.length * 8 - length;
    if (bytes.length > 0 && ((bytes.at(-1) ?? 0) & ((1 << spare) - 1)) !== 0) return undefined;
    field.#bytes.set(bytes);
    for (const byte of bytes) field.#count += bitCounts[byte] ?? 0;
    return field;
  }

  has(index: number): boolean {
    return ((this.#bytes[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
  }

  /** Sets a bit; true when it was not set before. */
  add(index: number): boolean {
    if (this.has(index)) return false;
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) | (0x80 >> (index & 7));
    this.#count++;
    return true;
  }

  /** Unsets a bit; true when it was set before. */
  delete(index: number): boolean {
    if (!this.has(index)) return false;
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) & ~(0x80 >> (index & 7));
    this.#count--;
    return true;
  }

  /** The indexes that both have set. */
  and(other: Bitfield): Bitfield {
    const both = new Bitfield(this.length);
    const bytes = both.#bytes;
    for (let word = 0; word < both.#words.length; word++)
      both.#words[word] = (this.#words[word] ?? 0) & (other.#words[word] ?? 0);
    for (const byte of bytes) if (byte !== 0) both.#count += bitCounts[byte] ?? 0;
    return both;
  }

  /** True when both have an index set. */
  meets(other: Bitfield): boolean {
    const mine = this.#words;
    const theirs = other.#words;
    for (let word = 0; word < mine.length; word++)
      if (((mine[word] ?? 0) & (theirs[word] ?? 0)) !== 0) return true;
    return false;
  }

  /**
   * Writes to `into` indexes that both have set, as many as there is room for: those from index `from` or a little before
   * it on, and around. Returns how many.
   */
  common(other: Bitfield, from: number, into: Int32Array): number {
    const words = this.#words.length;
    let found = 0;
    let word = from >> 5;
    for (let left = words; left > 0; left--, word++) {
      if (word >= words) word = 0;
      if (((this.#words[word] ?? 0) & (other.#words[word] ?? 0)) === 0) continue;
      for (let byte = word * 4; byte < word * 4 + 4; byte++) {
        let bits = (this.#bytes[byte] ?? 0) & (other.#bytes[byte] ?? 0);
        while (bits !== 0) {
          const bit = Math.clz32(bits) - 24;
          bits &= ~(0x80 >> bit);
          into[found++] = byte * 8 + bit;
          if (found === into.length) return found;
        }
      }
    }
    return found;
  }

  fill(): void {
    for (let index = 0; index < this.length; index++) this.add(index);
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  /** The indexes whose bits are set, ascending. */
  *indexes(): Generator<number> {
    for (let index = 0; index < this.length; index++) if (this.has(index)) yield index;
  }

  /** The wire form, as a copy. */
  bytes(): Uint8Array {
    return this.#bytes.slice();
  }
}
