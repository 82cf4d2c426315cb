/** A connection, as far as the choice of whom to serve must know it. Times in milliseconds. */
export interface SlotCandidate {
  /** The peer wants pieces that we have. */
  readonly isInterested: boolean;
  readonly isUnchoked: boolean;
  /** It is sent what it asked for: also for a while after its turn. */
  readonly isServed: boolean;
  /** It takes much longer than others for what it is sent: it has no slot of its own, but is served besides. */
  readonly isSlow: boolean;
  /** Another BitTorrent client: it wastes what it asked for when it is choked soon, so it is served for longer. */
  readonly isForeign: boolean;
  /** Whose it is: a host has a connection for each torrent. */
  readonly host: unknown;
  /** Of whom it is one, where groups have equal shares of the slots: to an origin, its zone. */
  readonly group: unknown;
  /** Since when it is unchoked, or else when its last turn ended. */
  readonly since: number;
  /** Bytes it asked for since it was unchoked. */
  readonly asked: number;
  /** Bytes after which its turn ends, if others wait. */
  readonly grant: number;
  /** Since when it asks for nothing; undefined while a request of it waits here. */
  readonly idleSince: number | undefined;
}

/** How long anybody is served if others wait; another client also at least so long. */
export const longestTurn = 10_000;
/** A peer that asks for nothing for so long has ended its turn, if others wait: a slot is not kept for it. */
export const longestIdle = 1_000;

/** Peers that a host serves at a time. */
export const usualSlots = 6;

/** So many times the slots are served at most, slow ones included. */
export const mostServed = 4;

const leastTurn = 256 * 1024;

/**
 * Bytes of a turn: a piece, so that it can be passed on soon, but not so few that turns cost more than they bring; `part` of
 * those do where a turn takes long (`TurnTimes.part`).
 */
export function turnBytes(pieceLength: number, part = 1): number {
  return Math.max(pieceLength, leastTurn * part);
}

export interface SlotChanges<Candidate> {
  readonly unchoke: readonly Candidate[];
  readonly choke: readonly Candidate[];
}

const nobody: readonly never[] = [];
const noChanges: SlotChanges<never> = { unchoke: nobody, choke: nobody };

/**
 * Whom to serve at one moment: few at a time, so that whole pieces arrive early and can be passed on; everybody in
 * turn, whose last turn is longest ago first. No tit-for-tat: the peers are one fleet. Who has had its turn still gets
 * what it asked for, and only then its slot is another's. Returns those whose choke must change.
 */
export function decideSlots<Candidate extends SlotCandidate>(
  candidates: readonly Candidate[],
  slots: number,
  now: number,
): SlotChanges<Candidate> {
  const { taken, leaving, slow, waiting, unwanting } = countsOf(candidates);
  if (waiting === 0 && unwanting === 0) return noChanges;
  const choke: Candidate[] = [];
  if (unwanting > 0)
    for (const one of candidates) if (one.isUnchoked && !one.isInterested) choke.push(one);
  let free = freeOf(slots, taken, slow);
  for (let due = Math.min(waiting, waiting - free) - leaving; due > 0; due--) {
    const over = longestOver(candidates, choke, now);
    if (over === undefined) break;
    choke.push(over);
    if (!over.isServed && !over.isSlow) free++;
  }
  return { choke, unchoke: free > 0 && waiting > 0 ? nextOf(candidates, choke, free) : nobody };
}

/**
 * How many of those who wait, longest first, `decideSlots` can need, when no two connections are of one host, and all are of
 * one group: with those who are unchoked or served, the first so many decide the same as all.
 */
export function waitersNeeded(busy: readonly SlotCandidate[], slots: number, now: number): number {
  const { taken, leaving, slow } = countsOf(busy);
  let over = 0;
  for (const candidate of busy) if (isTurn(candidate) && isOver(candidate, now)) over++;
  const free = Math.max(0, freeOf(slots, taken, slow));
  // More than for the free slots are of no matter while nobody's turn is over.
  return over === 0 ? free : free + leaving + over;
}

/** How many have a slot or are leaving it, are leaving it, are served besides, wait, and have a slot that they do not want. */
function countsOf(candidates: readonly SlotCandidate[]) {
  let taken = 0;
  let leaving = 0;
  let slow = 0;
  let waiting = 0;
  let unwanting = 0;
  for (const candidate of candidates) {
    const hasTurn = isTurn(candidate);
    if (hasTurn || candidate.isServed) {
      if (candidate.isSlow) {
        slow++;
      } else {
        taken++;
        if (!hasTurn) leaving++;
      }
    } else if (candidate.isInterested) waiting++;
    if (candidate.isUnchoked && !candidate.isInterested) unwanting++;
  }
  return { taken, leaving, slow, waiting, unwanting };
}

/** Slots that are free; less than none when there are fewer than before. */
function freeOf(slots: number, taken: number, slow: number): number {
  return Math.min(slots - taken, slots * mostServed - taken - slow);
}

function isTurn(candidate: SlotCandidate): boolean {
  return candidate.isUnchoked && candidate.isInterested;
}

function longestOver<Candidate extends SlotCandidate>(
  candidates: readonly Candidate[],
  choked: readonly Candidate[],
  now: number,
): Candidate | undefined {
  let longest: Candidate | undefined;
  for (const candidate of candidates) {
    if (!isTurn(candidate) || (longest !== undefined && candidate.since >= longest.since)) continue;
    if (isOver(candidate, now) && !choked.includes(candidate)) longest = candidate;
  }
  return longest;
}

function isOver(candidate: SlotCandidate, now: number): boolean {
  if (now - candidate.since >= longestTurn) return true;
  if (candidate.isForeign) return false;
  const isIdle = candidate.idleSince !== undefined && now - candidate.idleSince >= longestIdle;
  return isIdle || candidate.asked >= candidate.grant;
}

/**
 * For each free slot one who waits: of a host that is served least now, of the group that is, and among those the one whose
 * last turn is longest ago.
 */
function nextOf<Candidate extends SlotCandidate>(
  candidates: readonly Candidate[],
  choked: readonly Candidate[],
  free: number,
): readonly Candidate[] {
  const busy: Candidate[] = [];
  for (const candidate of candidates)
    if (candidate.isServed || (isTurn(candidate) && !choked.includes(candidate)))
      busy.push(candidate);
  const next: Candidate[] = [];
  while (next.length < free) {
    let best: Candidate | undefined;
    let bestServed = Infinity;
    let bestGroup = Infinity;
    for (const candidate of candidates) {
      const isWaiting = candidate.isInterested && !candidate.isUnchoked && !candidate.isServed;
      if (!isWaiting || next.includes(candidate)) continue;
      let served = 0;
      let group = 0;
      for (const one of busy) {
        if (one.host === candidate.host) served++;
        if (one.group === candidate.group) group++;
      }
      const isBetter =
        served < bestServed ||
        (served === bestServed &&
          (group < bestGroup || (group === bestGroup && candidate.since < (best?.since ?? 0))));
      if (!isBetter) continue;
      best = candidate;
      bestServed = served;
      bestGroup = group;
    }
    if (best === undefined) break;
    next.push(best);
    busy.push(best);
  }
  return next;
}
