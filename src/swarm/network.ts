import type { PeerAddress } from '../torrent/ids.ts';

/** Who hears what happens on a connection. */
export interface ConnectionHandler {
  /** `chunk` is the handler's only until it returns. */
  data(chunk: Uint8Array): void;
  /** What was written has left the process: more may be written. */
  drained(): void;
  /** The connection is over, by either side. Called once. */
  closed(): void;
}

/** A stream of bytes to one peer. */
export interface Connection {
  readonly remote: PeerAddress;
  /** From now on `handler` hears it; nothing that came before is lost. */
  handle(handler: ConnectionHandler): void;
  /**
   * Sends the parts in order. Calls `done`, at once or later, when the parts may change again: they are sent, or never will
   * be. False: wait for `drained` before more of the bulky.
   */
  write(parts: readonly Uint8Array[], done?: () => void): boolean;
  pause(): void;
  resume(): void;
  destroy(): void;
}

/** A port that is open. */
export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** The network, handed in: TCP in the product, memory in a simulation. */
export interface Network {
  /** Throws what the system says (`EADDRINUSE`…). Port 0 takes a free one. */
  listen(address: PeerAddress, accept: (connection: Connection) => void): Promise<Listener>;
  /** Rejects when the peer does not answer within `timeout` milliseconds, or by the signal. */
  connect(address: PeerAddress, timeout: number, signal: AbortSignal): Promise<Connection>;
}
