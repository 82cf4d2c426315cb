/** A set of a handful: cheap to make and to look through, unlike a `Set`. */
export class Few<T> implements Iterable<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  has(item: T): boolean {
    return this.#items.includes(item);
  }

  add(item: T): void {
    if (!this.#items.includes(item)) this.#items.push(item);
  }

  delete(item: T): void {
    const place = this.#items.indexOf(item);
    if (place >= 0) this.#items.splice(place, 1);
  }

  /** The one that is in it; undefined when there are none, or several. */
  get only(): T | undefined {
    return this.#items.length === 1 ? this.#items[0] : undefined;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items.values();
  }
}
