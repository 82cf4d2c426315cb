/** A set that nearly always holds one or none: cheap to make and to look through, unlike a `Set`. */
export class Few<T extends object> implements Iterable<T> {
  #first: T | undefined;
  /** What there is beyond the first. */
  #others: T[] | undefined;

  get size(): number {
    return this.#first === undefined ? 0 : 1 + (this.#others?.length ?? 0);
  }

  has(item: T): boolean {
    return this.#first === item || this.#others?.includes(item) === true;
  }

  add(item: T): void {
    if (this.#first === undefined) this.#first = item;
    else if (!this.has(item)) (this.#others ??= []).push(item);
  }

  delete(item: T): void {
    if (this.#first === item) {
      this.#first = this.#others?.shift();
      return;
    }
    const place = this.#others?.indexOf(item) ?? -1;
    if (place >= 0) this.#others?.splice(place, 1);
  }

  /** The one that is in it; undefined when there are none, or several. */
  get only(): T | undefined {
    return this.size === 1 ? this.#first : undefined;
  }

  *[Symbol.iterator](): Generator<T> {
    if (this.#first !== undefined) yield this.#first;
    yield* this.#others ?? [];
  }
}
