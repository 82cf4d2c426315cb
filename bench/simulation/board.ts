/**
 * What all hosts know of each other, in one place: a host looks at what dozens of others told far more often than it changes,
 * and there is no message to each of them. A blob at a host is known by its number, its place here.
 */
export class Board {
  /** How often it told its peers what is new, and whether it is about to. */
  readonly tells: Int32Array;
  readonly isTelling: Uint8Array;
  /** It has told that it takes more turns; and it still does. */
  readonly hasTold: Uint8Array;
  readonly isHungry: Uint8Array;
  /** It has peers outside its zone, and must hear of each piece in it. */
  readonly hasBorder: Uint8Array;
  /** Its host has a slot for one who wants it. */
  readonly hasRoom: Uint8Array;
  readonly #availability: Uint16Array;
  readonly #pieceCount: number;

  constructor(places: number, pieceCount: number) {
    this.tells = new Int32Array(places);
    this.isTelling = new Uint8Array(places);
    this.hasTold = new Uint8Array(places);
    this.isHungry = new Uint8Array(places);
    this.hasBorder = new Uint8Array(places);
    this.hasRoom = new Uint8Array(places).fill(1);
    this.#availability = new Uint16Array(places * pieceCount);
    this.#pieceCount = pieceCount;
  }

  /** How many neighbours of a place have each piece: the picker's own numbers. */
  availability(place: number): Uint16Array {
    const first = place * this.#pieceCount;
    return this.#availability.subarray(first, first + this.#pieceCount);
  }

  /** The piece is told to the first `count` of these places. */
  told(piece: number, places: Int32Array, count: number): void {
    const availability = this.#availability;
    const pieceCount = this.#pieceCount;
    for (let index = 0; index < count; index++) {
      const at = (places[index] ?? 0) * pieceCount + piece;
      availability[at] = (availability[at] ?? 0) + 1;
    }
  }
}
