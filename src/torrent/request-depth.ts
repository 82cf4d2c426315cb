/** Blocks that are asked of a peer ahead of what has come: what it sends in this many milliseconds… */
const horizon = 400;
/** …but so many at least, so that a peer that was never tried can show what it can do… */
const least = 16;
/** …and so many at most (4 MiB). */
const most = 256;

/**
 * How many blocks a peer may owe. On a fast or long link too few leave it idle; on a slow one too many wait in the peer's
 * queue for so long that others could have sent them first. `rate` is in blocks a millisecond, `pieceBlocks` what a piece
 * has, `limit` what the peer bears (BEP 10 `reqq`).
 */
export function requestDepth(rate: number, pieceBlocks: number, limit: number): number {
  const floor = Math.min(least, pieceBlocks);
  return Math.min(limit, most, Math.max(floor, Math.ceil(rate * horizon)));
}
