const forbidden = [
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [globalThis, 'setImmediate'],
  [globalThis, 'fetch'],
  [Date, 'now'],
  [Math, 'random'],
  [performance, 'now'],
  [AbortSignal, 'timeout'],
] as const;

/**
 * Runs `simulate` in a world without real time and chance: whoever looks for them past what is handed in makes the run fail,
 * as it would not be the same twice.
 */
export async function withoutReality<T>(simulate: () => Promise<T>): Promise<T> {
  const undo: (() => void)[] = [];
  for (const [owner, name] of forbidden) {
    const real: unknown = Reflect.get(owner, name);
    const isOwn = Object.hasOwn(owner, name);
    const stand = (): never => {
      throw new Error(`${name} is real, and was not handed in`);
    };
    Object.defineProperty(owner, name, { value: stand, configurable: true, writable: true });
    undo.push(() => {
      if (isOwn)
        Object.defineProperty(owner, name, { value: real, configurable: true, writable: true });
      else Reflect.deleteProperty(owner, name);
    });
  }
  try {
    return await simulate();
  } finally {
    for (const restore of undo) restore();
  }
}
