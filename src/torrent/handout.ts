/** The most peers that one answer of a tracker holds: more connections than this do not make a swarm faster. */
export const largestHandout = 50;

/** Where the peers of an answer are drawn from. Each is read only as far as needed, and may hold the asker's other lists too. */
export interface HandoutSources<Peer> {
  /** How many peers are wanted; at most `largestHandout` are given. */
  readonly want: number | undefined;
  /** What the asker was given before, as far as it is still there: it comes first, so that answers grow and do not reshuffle. */
  readonly kept: Iterable<Peer>;
  /** Peers that lack something, those introduced to the fewest others first. */
  readonly fewest: Iterable<Peer>;
  /** All peers that the asker has a use for, in random order. */
  readonly random: Iterable<Peer>;
  /** Peers to which the asker itself was introduced: they are on their way to it, and only fill up the answer. */
  readonly linked: Iterable<Peer>;
  /** False for a peer that the asker has no use for: itself, and a seed for a seed. */
  readonly isUseful: (peer: Peer) => boolean;
}

/**
 * The peers that a tracker gives. Half of the new ones are those with the fewest introductions, so that all peers of a
 * swarm get about as many neighbours (below 10 the last ones to finish are far behind the rest, and above 50 nothing is
 * gained); the other half is random, so that the swarm does not fall into groups by the time of arrival. Zones get their
 * shares by one such choice for each zone.
 */
export function chooseHandout<Peer>(sources: HandoutSources<Peer>): Peer[] {
  const want = Math.min(sources.want ?? largestHandout, largestHandout);
  const chosen = new Set<Peer>();
  const linked = new Set(sources.linked);
  const add = (peers: Iterable<Peer>, most: number, skip?: ReadonlySet<Peer>): void => {
    if (chosen.size >= most) return;
    for (const peer of peers) {
      if (sources.isUseful(peer) && skip?.has(peer) !== true) chosen.add(peer);
      if (chosen.size >= most) return;
    }
  };
  add(sources.kept, want);
  add(sources.fewest, chosen.size + Math.ceil((want - chosen.size) / 2), linked);
  add(sources.random, want, linked);
  add(linked, want);
  return [...chosen];
}
