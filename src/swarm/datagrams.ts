/** A way to one other end over UDP: only what comes from its address is heard. */
export interface DatagramChannel {
  /** Of the address that the other end was found at. */
  readonly family: 4 | 6;
  /** Sends a packet, which may be lost. */
  send(packet: Uint8Array): void;
  close(): void;
}

/** Who hears what happens on a channel. */
export interface DatagramHandler {
  packet(packet: Uint8Array): void;
  /** The other end is known not to be there. */
  failed(error: Error): void;
}

/** Packets, handed in: UDP in the product. */
export interface Datagrams {
  /** Rejects when `host`, a name or an address without brackets, is not known. */
  open(host: string, port: number, handler: DatagramHandler): Promise<DatagramChannel>;
}
