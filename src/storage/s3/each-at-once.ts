/** Runs `task` for each of `items`, at most `most` at a time. When one fails no more begin; rejects when those under way ended. */
export async function eachAtOnce<T>(
  items: Iterable<T> | AsyncIterable<T>,
  most: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for await (const item of items) {
    if (failure !== undefined) break;
    const one: Promise<void> = task(item).then(
      () => {
        running.delete(one);
      },
      (error: unknown) => {
        failure ??= { error };
        running.delete(one);
      },
    );
    running.add(one);
    if (running.size >= most) await Promise.race(running);
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
}
