/**
 * Bytes that are asked of a peer ahead of what has come: a piece at least, and no more of one that was never tried, who may
 * never send it; what it sends in this many milliseconds…
 */
const horizon = 150;
/** …and so many at most. */
const most = 4 * 1024 * 1024;

/** Who owes more than this part of it is asked for nothing: asking for several at a time spares a write for each block. */
export const refillBelow = 0.75;

/**
 * How many blocks of `blockLength` bytes a peer may owe. On a fast or long link too few leave it idle; on a slow one too
 * many wait in the peer's queue for so long that others could have sent them first. `rate` is in bytes a millisecond;
 * `limit` is how many requests the peer bears (BEP 10 `reqq`).
 */
export function requestDepth(
  rate: number,
  pieceLength: number,
  blockLength: number,
  limit: number,
): number {
  const bytes = Math.min(most, Math.max(pieceLength, rate * horizon));
  return Math.min(limit, Math.ceil(bytes / blockLength));
}
