/** Lets one task at a time have a key; the others wait in the order they came. Different keys do not wait for each other. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<void>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const result = before === undefined ? task() : before.then(task);
    const settled = result.then(ignore, ignore);
    this.#last.set(key, settled);
    try {
      return await result;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }

  /** Runs `task` with those of `keys` that nobody has now; whoever wants one of them meanwhile waits. */
  async runFree<K extends string, T>(
    keys: readonly K[],
    task: (free: readonly K[]) => Promise<T>,
  ): Promise<T> {
    const free = keys.filter((key) => !this.#last.has(key));
    const result = task(free);
    const settled = result.then(ignore, ignore);
    for (const key of free) this.#last.set(key, settled);
    try {
      return await result;
    } finally {
      for (const key of free) if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}

function ignore(): void {}
