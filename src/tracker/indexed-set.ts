import { randomInteger, type Random } from '../base/random.ts';

/** A set whose items can also be drawn at random in constant time. */
export class IndexedSet<T> {
  readonly #items: T[] = [];
  readonly #places = new Map<T, number>();

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    if (this.#places.has(item)) return;
    this.#places.set(item, this.#items.length);
    this.#items.push(item);
  }

  delete(item: T): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    this.#places.delete(item);
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#items[place] = last;
    this.#places.set(last, place);
  }

  values(): Iterable<T> {
    return this.#items;
  }

  /** All items in a random order, each drawn only when it is asked for. The set must not change meanwhile. */
  *randomly(random: Random): Iterable<T> {
    // Fisher–Yates, remembering only the places that were swapped: a draw costs nothing for the items not drawn.
    const swapped = new Map<number, number>();
    for (let remaining = this.#items.length; remaining > 0; remaining--) {
      const drawn = randomInteger(random, remaining);
      const place = swapped.get(drawn) ?? drawn;
      swapped.set(drawn, swapped.get(remaining - 1) ?? remaining - 1);
      const item = this.#items[place];
      if (item !== undefined) yield item;
    }
  }
}
