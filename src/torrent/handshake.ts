import { infoHashOf, peerIdOf, type InfoHash, type PeerId } from './ids.ts';

/** Bytes of a handshake (BEP 3): 19, the protocol's name, 8 reserved bytes, info hash, peer id. */
export const handshakeLength = 68;

const protocol = Buffer.from('\x13BitTorrent protocol', 'latin1');

export interface Handshake {
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  /** Fast extension (BEP 6). */
  readonly fast: boolean;
  /** Extension protocol (BEP 10). */
  readonly extended: boolean;
}

/** Our handshake: speaks BEP 6 and BEP 10. */
export function encodeHandshake(infoHash: InfoHash, peerId: PeerId): Uint8Array {
  const bytes = Buffer.alloc(handshakeLength);
  protocol.copy(bytes);
  bytes[25] = 0x10;
  bytes[27] = 0x04;
  bytes.write(infoHash, 28, 'hex');
  bytes.write(peerId, 48, 'hex');
  return bytes;
}

/** False as soon as the first bytes cannot become a handshake: encrypted peers (MSE) then fall back to plain text. */
export function mayBeHandshake(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, protocol.length);
  return protocol.subarray(0, length).equals(bytes.subarray(0, length));
}

/** What the 68 bytes say, or undefined when they are no handshake. */
export function parseHandshake(bytes: Uint8Array): Handshake | undefined {
  if (bytes.length !== handshakeLength || !mayBeHandshake(bytes)) return undefined;
  return {
    infoHash: infoHashOf(bytes.subarray(28, 48)),
    peerId: peerIdOf(bytes.subarray(48, 68)),
    extended: ((bytes[25] ?? 0) & 0x10) !== 0,
    fast: ((bytes[27] ?? 0) & 0x04) !== 0,
  };
}
