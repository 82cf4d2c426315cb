/** The candidate that `word` was most likely meant to be; undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const plain = fold(word);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const candidate of candidates) {
    const steps = distance(plain, fold(candidate), least);
    if (steps >= least) continue;
    best = candidate;
    least = steps;
  }
  return best;
}

/** `peer-port`, `peer_port` and `peerPort` are one name. */
function fold(word: string): string {
  return word.slice(0, 100).replaceAll(/[-_]/g, '').toLowerCase();
}

/** How many letters must be put in, taken out, changed or swapped with the next; `limit` when it is that many or more. */
function distance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[at - 1] === to[column - 1];
      const isSwapped = from[at - 1] === to[column - 2] && from[at - 2] === to[column - 1];
      next[column] = Math.min(
        (row[column] ?? limit) + 1,
        (next[column - 1] ?? limit) + 1,
        (row[column - 1] ?? limit) + (isSame ? 0 : 1),
        isSwapped ? (before[column - 2] ?? limit) + 1 : limit,
      );
    }
    before = row;
    row = next;
  }
  return Math.min(limit, row[to.length] ?? limit);
}

/** What is said of a key that means nothing. */
export function unknownKey(key: string, known: readonly string[], what = 'setting'): string {
  const near = nearest(key, known);
  const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`;
  return `there is no ${what} "${key}": ${hint}`;
}
