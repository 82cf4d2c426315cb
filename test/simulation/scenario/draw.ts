import { hash } from 'node:crypto';
import { randomInteger, type Random } from '../../../src/base/random.ts';
import { peerIdOf, type PeerId } from '../../../src/torrent/ids.ts';

/** One of the items, each as likely. */
export function one<const T>(random: Random, items: readonly T[]): T {
  return items[randomInteger(random, items.length)] as T;
}

/** A new peer id (BEP 20) that begins with the client's `prefix`. */
export function drawPeerId(random: Random, prefix: string): PeerId {
  const chance = hash('sha1', String(random()), 'buffer').subarray(0, 20 - prefix.length);
  return peerIdOf(Buffer.concat([Buffer.from(prefix), chance]));
}
