/** Something to which a time will come. `kind` is its own matter. */
export interface Happening {
  happen(kind: number): void;
}

/** What will happen, soonest first: a heap of four branches in plain arrays, since hundreds of millions pass through it. */
export class EventQueue {
  /** Milliseconds since the start. */
  now = 0;
  /** How many have happened. */
  count = 0;
  #size = 0;
  #times = new Float64Array(1024);
  #slots = new Int32Array(1024);
  #kinds = new Uint8Array(1024);
  readonly #targets: (Happening | undefined)[] = [];
  readonly #freed: number[] = [];

  /** Has `target` hear of `kind` at `time`, or now when that is over. */
  at(time: number, target: Happening, kind = 0): void {
    if (this.#size === this.#times.length) this.#grow();
    const slot = this.#freed.pop() ?? this.#targets.length;
    this.#targets[slot] = target;
    this.#kinds[slot] = kind;
    this.#rise(this.#size++, Math.max(time, this.now), slot);
  }

  after(milliseconds: number, target: Happening, kind = 0): void {
    this.at(this.now + milliseconds, target, kind);
  }

  /** Lets the next thing happen; false when there is none. */
  step(): boolean {
    if (this.#size === 0) return false;
    this.now = this.#times[0] ?? 0;
    const slot = this.#slots[0] ?? 0;
    const last = --this.#size;
    if (last > 0) this.#sink(this.#times[last] ?? 0, this.#slots[last] ?? 0);
    const target = this.#targets[slot];
    this.#targets[slot] = undefined;
    this.#freed.push(slot);
    this.count++;
    target?.happen(this.#kinds[slot] ?? 0);
    return true;
  }

  #rise(from: number, time: number, slot: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 2;
      const above = this.#times[parent] ?? 0;
      if (above <= time) break;
      this.#times[place] = above;
      this.#slots[place] = this.#slots[parent] ?? 0;
      place = parent;
    }
    this.#times[place] = time;
    this.#slots[place] = slot;
  }

  #sink(time: number, slot: number): void {
    let place = 0;
    for (;;) {
      const first = place * 4 + 1;
      if (first >= this.#size) break;
      let least = first;
      let leastTime = this.#times[first] ?? 0;
      for (let child = first + 1; child < Math.min(first + 4, this.#size); child++) {
        const childTime = this.#times[child] ?? 0;
        if (childTime >= leastTime) continue;
        least = child;
        leastTime = childTime;
      }
      if (leastTime >= time) break;
      this.#times[place] = leastTime;
      this.#slots[place] = this.#slots[least] ?? 0;
      place = least;
    }
    this.#times[place] = time;
    this.#slots[place] = slot;
  }

  #grow(): void {
    const grown = this.#times.length * 2;
    const times = new Float64Array(grown);
    times.set(this.#times);
    this.#times = times;
    const slots = new Int32Array(grown);
    slots.set(this.#slots);
    this.#slots = slots;
    const kinds = new Uint8Array(grown);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
  }
}
