/**
 * The chunks of an answer's body. Throws when none comes for `patience` milliseconds; time in which nobody asks for the next one does
 * not count.
 */
export async function* readBody(
  body: AsyncIterable<Uint8Array> & { destroy?(error?: Error): void },
  patience: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    while (true) {
      const quiet = setTimeout(() => {
        body.destroy?.(new Error(`no byte came for ${patience} ms`));
      }, patience);
      let next: IteratorResult<Uint8Array>;
      try {
        next = await chunks.next();
      } finally {
        clearTimeout(quiet);
      }
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    body.destroy?.();
  }
}
