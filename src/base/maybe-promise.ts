/** A value that may be there already: waiting for what is there costs a turn of the event loop each time. */
export type MaybePromise<T> = T | Promise<T>;

/** What `proceed` makes of the value: at once when it is there, else when it comes. */
export function whenReady<T, U>(
  value: MaybePromise<T>,
  proceed: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  if (value instanceof Promise) return value.then((there: T) => proceed(there));
  return proceed(value);
}

/** All values, in their order: at once when they are all there. */
export function allReady<T>(values: readonly MaybePromise<T>[]): MaybePromise<readonly T[]> {
  const isComing = values.some((value) => value instanceof Promise);
  if (!isComing) return values as readonly T[];
  return Promise.all(values.map(async (value) => await value));
}
