import type { Clock } from '../base/clock.ts';
import { pieceSize } from '../torrent/geometry.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { isPiece } from '../torrent/verify-piece.ts';
import type { PieceStore } from './disk.ts';

/** A piece that was found right is not looked at again for so long, in milliseconds. */
const goodFor = 60_000;
const mostWaiting = 16;

/** Looks whether pieces on the disk are still right when something makes one doubt it: one after another. */
export class PieceDoubts {
  readonly #metainfo: Metainfo;
  readonly #store: PieceStore;
  readonly #clock: Clock;
  readonly #isWrong: (piece: number, why: string) => void;
  readonly #waiting = new Set<number>();
  readonly #foundGood = new Map<number, number>();
  #isLooking = false;
  #isClosed = false;

  /** `isWrong` hears of the first piece that is wrong or cannot be read; then nothing is looked at any more. */
  constructor(
    metainfo: Metainfo,
    store: PieceStore,
    clock: Clock,
    isWrong: (piece: number, why: string) => void,
  ) {
    this.#metainfo = metainfo;
    this.#store = store;
    this.#clock = clock;
    this.#isWrong = isWrong;
  }

  add(pieces: readonly number[]): void {
    const now = this.#clock.now();
    for (const piece of pieces) {
      const good = this.#foundGood.get(piece);
      if (this.#waiting.size >= mostWaiting || (good !== undefined && now - good < goodFor))
        continue;
      this.#waiting.add(piece);
    }
    if (!this.#isLooking) void this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    for (const piece of this.#waiting) {
      const why = await this.#whatIsWrong(piece);
      if (this.#isClosed) return;
      if (why !== undefined) {
        this.close();
        return this.#isWrong(piece, why);
      }
      this.#waiting.delete(piece);
      this.#foundGood.delete(piece);
      this.#foundGood.set(piece, this.#clock.now());
      const [oldest] = this.#foundGood.keys();
      if (this.#foundGood.size > mostWaiting && oldest !== undefined)
        this.#foundGood.delete(oldest);
    }
    this.#isLooking = false;
    return undefined;
  }

  async #whatIsWrong(piece: number): Promise<string | undefined> {
    const bytes = Buffer.allocUnsafeSlow(pieceSize(this.#metainfo, piece));
    try {
      await this.#store.read(piece, 0, [bytes]);
    } catch (error) {
      return String(error);
    }
    return isPiece(this.#metainfo, piece, bytes) ? undefined : 'its bytes are other ones';
  }
}
