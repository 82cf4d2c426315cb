import { randomBytes } from 'node:crypto';
import { peerIdOf, type PeerId } from '../torrent/ids.ts';

/** A new peer id (BEP 20): `-DK0100-` and 12 random bytes. */
export function createPeerId(): PeerId {
  return peerIdOf(Buffer.concat([Buffer.from('-DK0100-'), randomBytes(12)]));
}
