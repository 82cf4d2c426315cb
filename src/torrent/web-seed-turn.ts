/** A download at one moment, as far as the choice of the web seed must know it. Times in milliseconds. */
export interface SwarmHelp {
  /** Since when nothing came from any peer, or since the download began. */
  readonly idleFor: number;
  /** Connected peers. */
  readonly peers: number;
  /** Those of them that have pieces which are missing here. */
  readonly usefulPeers: number;
  /** Those of the connected peers that stand outside the host's zone; all of them where it stands in none. */
  readonly peersOutside: number;
  /** The trackers were asked, and every known peer was tried. */
  readonly isSearchOver: boolean;
  /** A reader waits for a piece that no peer is about to send. */
  readonly isUrgent: boolean;
}

/** Who has peers in its zone only leaves it to those of them that have others: they hear of the registry's help first. */
const insidePatience = 45_000;
/** Peers that have what is missing but send nothing are busy: hosts must not all fall upon the registry at once. */
const busyPatience = 15_000;
/** Peers that have nothing yet are about to get something. */
const emptyPatience = 5_000;
const searchPatience = 3_000;

/**
 * Whether the registry is asked for bytes over HTTP now. The swarm goes first; `chance`, in [0, 1) and drawn once a
 * download, spreads the moments at which many hosts lose patience.
 */
export function isWebSeedTurn(help: SwarmHelp, chance: number): boolean {
  if (help.isUrgent) return true;
  if (help.peers > 0 && help.peersOutside === 0)
    return help.idleFor > insidePatience * (1 + chance);
  if (help.usefulPeers > 0) return help.idleFor > busyPatience * (1 + chance);
  if (help.peers > 0) return help.idleFor > emptyPatience * (1 + chance);
  return help.isSearchOver || help.idleFor > searchPatience * (0.5 + chance);
}
