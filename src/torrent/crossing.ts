/** The name under which BEP 10 handshakes announce the message, and the id by which Docket wants to be sent it. */
export const crossingName = 'dk_crossing';
export const crossingId = 1;

/** The most pieces of one message. */
export const mostCrossing = 1024;

/** What a host tells the others of its zone. */
export interface Crossing {
  /** It fetches these pieces from outside the zone, so nobody else of it need. */
  readonly begun: readonly number[];
  /** It fetches these no more, and has not got them. */
  readonly over: readonly number[];
}

const isOver = 0x8000_0000;

/**
 * The payload of Docket's message `dk_crossing` (BEP 10): four bytes for each piece, high byte first, whose highest bit says
 * that it is over. What has begun is said again each half second while it is so.
 */
export function encodeCrossing({ begun, over }: Crossing): Uint8Array {
  const bytes = Buffer.allocUnsafe(4 * (begun.length + over.length));
  let offset = 0;
  for (const piece of begun) offset = bytes.writeUInt32BE(piece, offset);
  for (const piece of over) offset = bytes.writeUInt32BE(isOver + piece, offset);
  return bytes;
}

/** What a payload says; undefined when it is none, or names a piece that does not exist. */
export function parseCrossing(payload: Uint8Array, pieceCount: number): Crossing | undefined {
  const count = payload.length / 4;
  if (count < 1 || count > mostCrossing || !Number.isInteger(count)) return undefined;
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const begun: number[] = [];
  const over: number[] = [];
  for (let index = 0; index < count; index++) {
    const value = view.readUInt32BE(4 * index);
    const piece = value % isOver;
    if (piece >= pieceCount) return undefined;
    (value < isOver ? begun : over).push(piece);
  }
  return { begun, over };
}
