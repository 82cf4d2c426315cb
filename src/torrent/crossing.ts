/** The name under which BEP 10 handshakes announce the message, and the id by which Docket wants to be sent it. */
export const crossingName = 'dk_crossing';
export const crossingId = 1;

/** The most pieces of one message. */
export const mostCrossing = 1024;

/**
 * The payload of Docket's message `dk_crossing` (BEP 10): the sender fetches these pieces from outside the zone that it
 * shares with the receiver, so nobody else of the zone need. Four bytes for each index, high byte first. It is said again
 * each second while it is so.
 */
export function encodeCrossing(pieces: readonly number[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(4 * pieces.length);
  for (const [index, piece] of pieces.entries()) bytes.writeUInt32BE(piece, 4 * index);
  return bytes;
}

/** The pieces of a payload; undefined when it is none, or names a piece that does not exist. */
export function parseCrossing(
  payload: Uint8Array,
  pieceCount: number,
): readonly number[] | undefined {
  const count = payload.length / 4;
  if (count < 1 || count > mostCrossing || !Number.isInteger(count)) return undefined;
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const pieces = Array.from({ length: count }, (_, index) => view.readUInt32BE(4 * index));
  return pieces.every((piece) => piece < pieceCount) ? pieces : undefined;
}
