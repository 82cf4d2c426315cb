const smallest = 64 * 1024;
const largest = 4 * 1024 * 1024;

/**
 * The piece length for a blob of `length` bytes: the power of two that gives 1024 to 2047 pieces, between 64 KiB and
 * 4 MiB. The time lost while a swarm fills up is proportional to the length of a piece, the work for each piece is not;
 * and pieces are put together in memory, several at a time.
 */
export function pieceLengthFor(length: number): number {
  if (length < smallest * 1024) return smallest;
  return Math.min(largest, 2 ** Math.floor(Math.log2(length / 1024)));
}
