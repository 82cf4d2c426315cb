import { hash } from 'node:crypto';

/** Wrong pieces of which blocks are remembered; older ones are forgotten. */
const mostPieces = 64;

interface Sent<Sender> {
  readonly length: number;
  readonly sender: Sender;
}

interface Suspicion<Sender> {
  readonly begin: number;
  readonly length: number;
  readonly sender: Sender;
  readonly sum: string;
}

/**
 * Finds who lied in a piece that several sent: of a wrong piece it keeps who sent which block and what it was; once the piece
 * is right, those whose blocks were other ones are known, and nobody else is suspected any more.
 */
export class BlockBlame<Sender> {
  readonly #coming = new Map<number, Map<number, Sent<Sender>>>();
  readonly #suspicions = new Map<number, Suspicion<Sender>[]>();

  /** Pieces of which something is remembered. */
  get size(): number {
    return this.#coming.size + this.#suspicions.size;
  }

  /** A block came that is put into the piece. */
  came(piece: number, begin: number, length: number, sender: Sender): void {
    let blocks = this.#coming.get(piece);
    if (blocks === undefined) this.#coming.set(piece, (blocks = new Map()));
    blocks.set(begin, { length, sender });
  }

  /** The piece came to nothing, or one alone is to blame: its blocks tell nothing. */
  forget(piece: number): void {
    this.#coming.delete(piece);
  }

  /** The piece, with these bytes, is wrong, and several sent it. */
  failed(piece: number, bytes: Uint8Array): void {
    const suspicions = this.#suspicions.get(piece) ?? [];
    for (const [begin, { length, sender }] of this.#coming.get(piece) ?? [])
      suspicions.push({ begin, length, sender, sum: sumOf(bytes, begin, length) });
    this.#coming.delete(piece);
    this.#suspicions.set(piece, suspicions);
    for (const oldest of this.#suspicions.keys()) {
      if (this.#suspicions.size <= mostPieces) break;
      this.#suspicions.delete(oldest);
    }
  }

  /** The piece, with these bytes, is right. Returns who sent other bytes of it before. */
  verified(piece: number, bytes: Uint8Array): ReadonlySet<Sender> {
    const liars = new Set<Sender>();
    this.#coming.delete(piece);
    for (const { begin, length, sender, sum } of this.#suspicions.get(piece) ?? [])
      if (sum !== sumOf(bytes, begin, length)) liars.add(sender);
    this.#suspicions.delete(piece);
    return liars;
  }
}

function sumOf(bytes: Uint8Array, begin: number, length: number): string {
  return hash('sha1', bytes.subarray(begin, begin + length), 'base64');
}
