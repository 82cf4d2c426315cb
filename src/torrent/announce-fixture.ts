import type { AnnounceRequest } from './announce.ts';
import type { InfoHash, PeerId } from './ids.ts';

/** The first announce of a peer that lacks 100 bytes, with what a test needs changed. */
export function announceOf(change: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return {
    infoHash: 'ab'.repeat(20) as InfoHash,
    peerId: '2d'.repeat(20) as PeerId,
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 100,
    event: undefined,
    numWant: undefined,
    zone: undefined,
    ...change,
  };
}
