import type { Block } from '../../../src/torrent/geometry.ts';
import type { WireMessage } from '../../../src/torrent/wire.ts';

/** A block as a number. */
export function keyOf({ piece, begin, length }: Block): number {
  return (piece * 67_108_864 + begin) * 32_768 + (length % 32_768);
}

/** A block for people. */
export function nameOf({ piece, begin, length }: Block): string {
  return `${piece}:${begin}+${length}`;
}

/** A message for people. */
export function describe(message: WireMessage): string {
  if ('block' in message) return `${message.type} ${nameOf(message.block)}`;
  if (message.type === 'piece') return `piece ${nameOf(sentBlock(message))}`;
  return 'piece' in message ? `${message.type} ${message.piece}` : message.type;
}

/** The block that a message carries. */
export function sentBlock(message: WireMessage & { readonly type: 'piece' }): Block {
  const { piece, begin, data } = message;
  return { piece, begin, length: data.length };
}
