import assert from 'node:assert/strict';

/** What `reader` gives; undefined when it refuses by an error of the kind that it may. */
export function read<T>(
  refusal: abstract new (...args: never[]) => Error,
  reader: () => T,
): T | undefined {
  try {
    return reader();
  } catch (error) {
    assert.ok(error instanceof refusal, String(error));
    return undefined;
  }
}
