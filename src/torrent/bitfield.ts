const bitCounts = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
});

/** Which pieces somebody has (BEP 3 `bitfield`: the high bit of the first byte is piece 0). Bits are never unset. */
export class Bitfield {
  readonly length: number;
  readonly #bytes: Uint8Array;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    this.#bytes = new Uint8Array(Math.ceil(length / 8));
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
