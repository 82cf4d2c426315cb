/** A connection, as far as the choice of whom to serve must know it. Times in milliseconds. */
export interface SlotCandidate {
  /** The peer wants pieces that we have. */
  readonly isInterested: boolean;
  readonly isUnchoked: boolean;
  /** Another BitTorrent client: it wastes what it asked for when it is choked soon, so it is served for longer. */
  readonly isForeign: boolean;
  /** Whose it is: a host has a connection for each torrent. */
  readonly host: string;
  /** Since when it is unchoked, or else waits. */
  readonly since: number;
  /** Bytes sent to it since it was unchoked. */
  readonly sent: number;
  /** Bytes after which its turn ends, if others wait. */
  readonly grant: number;
  /** Since when it asks for nothing; undefined while a request of it waits here. */
  readonly idleSince: number | undefined;
}

/** How long anybody is served if others wait; another client also at least so long. */
export const longestTurn = 10_000;
/** A peer that asks for nothing for so long has ended its turn, if others wait: a slot is not kept for it. */
export const longestIdle = 1_000;

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
    const over = served
      .filter((candidate) => isOver(candidate, now))
      .sort((a, b) => a.since - b.since);
    choke.push(...over.slice(0, Math.min(excess, waiting.length)));
  }
  const stays = served.filter((candidate) => !choke.includes(candidate));
  return { choke, unchoke: nextOf(waiting, stays, slots - stays.length) };
}

/** For each free slot one who waits: of a host that is served least now, and among those who waited longest. */
function nextOf<Candidate extends SlotCandidate>(
  waiting: readonly Candidate[],
  served: readonly Candidate[],
  free: number,
): Candidate[] {
  const connections = new Map<string, number>();
  const count = (host: string): number => connections.get(host) ?? 0;
  const serve = ({ host }: Candidate): unknown => connections.set(host, count(host) + 1);
  served.forEach(serve);
  const queue = waiting.toSorted((a, b) => a.since - b.since);
  const next: Candidate[] = [];
  while (next.length < free && queue.length > 0) {
    let best = 0;
    for (const [index, { host }] of queue.entries())
      if (count(host) < count(queue[best]?.host ?? '')) best = index;
    const [chosen] = queue.splice(best, 1);
    if (chosen === undefined) break;
    serve(chosen);
    next.push(chosen);
  }
  return next;
}

function isOver(candidate: SlotCandidate, now: number): boolean {
  if (now - candidate.since >= longestTurn) return true;
  if (candidate.isForeign) return false;
  const isIdle = candidate.idleSince !== undefined && now - candidate.idleSince >= longestIdle;
  return isIdle || candidate.sent >= candidate.grant;
}
