import { blockLength, type Block } from './geometry.ts';

/**
 * The longest block that a Docket asks another for, and sends it, in bytes: one message instead of sixteen. Other clients
 * bear 16 KiB (BEP 3); whoever bears more says so in its extension handshake.
 */
export const longestBlock = 256 * 1024;

/** The same bytes in as few blocks of at most `longest` bytes as their order allows. */
export function joinBlocks(blocks: readonly Block[], longest: number): readonly Block[] {
  if (longest <= blockLength) return blocks;
  const joined: Block[] = [];
  for (const block of blocks) {
    const last = joined.at(-1);
    const isNext = last?.piece === block.piece && last.begin + last.length === block.begin;
    if (isNext && last.length + block.length <= longest) {
      joined[joined.length - 1] = { ...last, length: last.length + block.length };
    } else {
      joined.push(block);
    }
  }
  return joined;
}

/** The same bytes in blocks of the usual length. */
export function splitBlock(block: Block): readonly Block[] {
  if (block.length <= blockLength) return [block];
  const parts: Block[] = [];
  for (let done = 0; done < block.length; done += blockLength) {
    const length = Math.min(blockLength, block.length - done);
    parts.push({ piece: block.piece, begin: block.begin + done, length });
  }
  return parts;
}
