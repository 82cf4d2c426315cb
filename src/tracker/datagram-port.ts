import type { PeerAddress } from '../torrent/ids.ts';

/** A UDP port that is open, handed in: a socket in the product. */
export interface DatagramPort {
  readonly port: number;
  /** From now on `handler` hears each packet that comes, and from where. The packet is its own only during the call. */
  handle(handler: (packet: Uint8Array, from: PeerAddress) => void): void;
  /** Sends a packet; whether it arrives nobody knows. */
  send(packet: Uint8Array, to: PeerAddress): void;
  close(): Promise<void>;
}
