/** Bytes of a block: the unit of a request. More than this closes connections in many clients (BEP 3). */
export const blockLength = 16_384;

/** How a blob is cut into pieces and pieces into blocks. */
export interface Geometry {
  readonly length: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
}

/** A part of a piece, in bytes. */
export interface Block {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

/** Bytes of a piece: `pieceLength`, but for the last one what is left. */
export function pieceSize(geometry: Geometry, piece: number): number {
  return Math.min(geometry.pieceLength, geometry.length - piece * geometry.pieceLength);
}

/** How many blocks, of `most` bytes at most, so many bytes make. */
export function blockCount(bytes: number, most = blockLength): number {
  return Math.ceil(bytes / most);
}

/** The `index`th block of a piece of `size` bytes. */
export function blockAt(piece: number, size: number, index: number, most = blockLength): Block {
  const begin = index * most;
  return { piece, begin, length: Math.min(most, size - begin) };
}

/** True when a peer may ask for this block: inside the piece, not empty, at most `most` bytes. */
export function isValidBlock(geometry: Geometry, block: Block, most = blockLength): boolean {
  return (
    block.piece < geometry.pieceCount &&
    block.length > 0 &&
    block.length <= most &&
    block.begin <= pieceSize(geometry, block.piece) - block.length
  );
}
