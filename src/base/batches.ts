/** `list` in parts of at most `most` entries, in their order. */
export function* batches<T>(list: readonly T[], most: number): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += most) yield list.slice(at, at + most);
}
