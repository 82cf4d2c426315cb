/** A connection, as far as the choice of whom to serve must know it. Times in milliseconds. */
export interface SlotCandidate {
  /** The peer wants pieces that we have. */
  readonly isInterested: boolean;
  readonly isUnchoked: boolean;
  /** Another BitTorrent client: it wastes what it asked for when it is choked soon, so it is served for longer. */
  readonly isForeign: boolean;
  /** Since when it is unchoked, or else waits. */
  readonly since: number;
  /** Bytes sent to it since it was unchoked. */
  readonly sent: number;
  /** Bytes after which its turn ends, if others wait. */
  readonly grant: number;
}

/** How long another client is served at least. */
export const foreignTurn = 10_000;

/**
 * Whom to serve at one moment: few at a time, so that whole pieces arrive early and can be passed on; everybody in
 * turn, who waited longest first. No tit-for-tat: the peers are one fleet. Returns those whose choke must change.
 */
export function decideSlots<Candidate extends SlotCandidate>(
  candidates: readonly Candidate[],
  slots: number,
  now: number,
): { readonly unchoke: readonly Candidate[]; readonly choke: readonly Candidate[] } {
  const choke = candidates.filter((candidate) => candidate.isUnchoked && !candidate.isInterested);
  const served = candidates.filter((candidate) => candidate.isUnchoked && candidate.isInterested);
  const waiting = candidates.filter((candidate) => !candidate.isUnchoked && candidate.isInterested);
  const excess = served.length + waiting.length - slots;
  if (excess > 0) {
    const isOver = (candidate: Candidate): boolean =>
      candidate.isForeign
        ? now - candidate.since >= foreignTurn
        : candidate.sent >= candidate.grant;
    const over = served.filter(isOver).sort((a, b) => a.since - b.since);
    choke.push(...over.slice(0, Math.min(excess, waiting.length)));
  }
  const free = slots - served.filter((candidate) => !choke.includes(candidate)).length;
  const unchoke = waiting.sort((a, b) => a.since - b.since).slice(0, Math.max(0, free));
  return { unchoke, choke };
}
