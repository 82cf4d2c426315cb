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
