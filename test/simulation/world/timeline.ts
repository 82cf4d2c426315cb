/** Something that will happen at a virtual moment. */
export interface Happening {
  readonly at: number;
  readonly order: number;
  /** Undefined: it was called off. */
  task: (() => void) | undefined;
}

/** Events that run in one batch before the event loop turns once. */
const batch = 512;

/** The real one, kept before a simulation forbids it to the engine. */
const soon = setImmediate;

/**
 * Virtual time: a queue of happenings, run one after another in the order of their moments (of equals, the one that was
 * planned first). Between two of them all promises settle: each runs in an immediate of its own, and Node empties the
 * queue of microtasks between immediates. So a run depends on nothing but what was planned.
 */
export class Timeline {
  now = 0;
  /** How many have happened. */
  count = 0;
  readonly #heap: Happening[] = [];
  #order = 0;

  /** Plans `task` for the moment `at`, in milliseconds; the past is now. */
  plan(at: number, task: () => void): Happening {
    if (Number.isNaN(at)) throw new Error('planned for no moment');
    const happening = { at: Math.max(at, this.now), order: this.#order++, task };
    this.#push(happening);
    return happening;
  }

  /** Runs until `isOver`, asked before each happening, or until nothing is planned. Rejects with what a task throws. */
  run(isOver: () => boolean, settled: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = 0;
      let hasEnded = false;
      const step = (): void => {
        left--;
        if (hasEnded) return;
        try {
          // The promises of the happening before have settled by now.
          settled();
          hasEnded = isOver() || !this.#next();
          if (hasEnded) resolve();
        } catch (error) {
          hasEnded = true;
          reject(error);
        }
        if (left === 0 && !hasEnded) begin();
      };
      const begin = (): void => {
        left = batch;
        for (let index = 0; index < batch; index++) soon(step);
      };
      begin();
    });
  }

  /** Runs the next happening; false when there is none. */
  #next(): boolean {
    for (;;) {
      const happening = this.#pop();
      if (happening === undefined) return false;
      const { task } = happening;
      if (task === undefined) continue;
      this.now = happening.at;
      this.count++;
      happening.task = undefined;
      task();
      return true;
    }
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(happening);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent] as Happening;
      if (isBefore(above, happening)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = happening;
  }

  #pop(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, left)) child++;
      const least = heap[child] as Happening;
      if (isBefore(last, least)) break;
      heap[place] = least;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
