import { createHash, randomFillSync } from 'node:crypto';

const blockLength = 1 << 20;
const noise = randomFillSync(Buffer.allocUnsafe(blockLength));

/**
 * A blob of any length that needs no room: one block of noise for itself, then the same other block again and again. Nobody
 * who only hashes and stores it can tell.
 */
export class StreamBlob {
  readonly length: number;
  readonly #first = randomFillSync(Buffer.allocUnsafe(blockLength));

  constructor(length: number) {
    this.length = length;
  }

  *blocks(): Generator<Buffer> {
    for (let at = 0; at < this.length; at += blockLength) {
      const block = at === 0 ? this.#first : noise;
      yield block.subarray(0, Math.min(blockLength, this.length - at));
    }
  }

  digest(): string {
    const hash = createHash('sha256');
    for (const block of this.blocks()) hash.update(block);
    return `sha256:${hash.digest('hex')}`;
  }
}
