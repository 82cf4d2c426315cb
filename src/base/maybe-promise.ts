/** A value that may be there already: waiting for what is there costs a turn of the event loop each time. */
export type MaybePromise<T> = T | Promise<T>;

/** What `next` makes of the value: at once when it is there, else when it comes. */
export function whenReady<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  if (value instanceof Promise) return value.then((there: T) => next(there));
  return next(value);
}
