import { type CompactPeer, compactText } from '../torrent/compact-peers.ts';

/** Own addresses that are remembered: a host has a few. */
const mostAddresses = 256;

/** Where the registry's own seeder is, as a client reaches it. */
export class OriginAddress {
  readonly #advertised: string | undefined;
  readonly #port: () => number;
  readonly #byHost = new Map<string, CompactPeer>();

  /** `advertised` is the IP address that the registry is known by, when it was named; `port` is the swarm's. */
  constructor(advertised: string | undefined, port: () => number) {
    this.#advertised = advertised;
    this.#port = port;
  }

  /** True when its address was named, and is the same for all. */
  get isAdvertised(): boolean {
    return this.#advertised !== undefined;
  }

  /** The seeder for a client that came to the address `reached` of this host. */
  for(reached: string): CompactPeer {
    const host = this.#advertised ?? reached;
    const known = this.#byHost.get(host);
    if (known !== undefined) return known;
    const address = { host, port: this.#port() };
    const origin = { ...address, compact: compactText(address) };
    if (this.#byHost.size >= mostAddresses) this.#byHost.clear();
    this.#byHost.set(host, origin);
    return origin;
  }
}
