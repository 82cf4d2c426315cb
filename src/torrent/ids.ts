/** SHA-1 of the bencoded info dictionary (BEP 3), as 40 lower-case hex digits: a torrent's name on the wire. */
export type InfoHash = string & { readonly __brand: 'InfoHash' };

/** The 20 bytes by which a peer names itself (BEP 3, BEP 20), as 40 lower-case hex digits. */
export type PeerId = string & { readonly __brand: 'PeerId' };

/** Where a peer accepts connections. `host` is an IPv4 or IPv6 address without brackets. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** A peer address as a map key. */
export function addressKey(address: PeerAddress): string {
  return `${address.host}|${address.port}`;
}

/** The hex form of the 20 bytes of an info hash. */
export function infoHashOf(bytes: Uint8Array): InfoHash {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex') as InfoHash;
}

/** The hex form of the 20 bytes of a peer id. */
export function peerIdOf(bytes: Uint8Array): PeerId {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex') as PeerId;
}

/** The peer ids of Docket begin with `-DK` (BEP 20). */
const docketPrefix = Buffer.from('-DK').toString('hex');

/** True for the peer ids that Docket draws. */
export function isDocketPeer(id: PeerId): boolean {
  return id.startsWith(docketPrefix);
}

/** True for 40 lower-case hex digits. */
export function isInfoHash(text: string): text is InfoHash {
  return /^[0-9a-f]{40}$/.test(text);
}
