/** Connections under which a host that still downloads looks for more. */
export const wantedConnections = 20;
/** With fewer than these a download hangs by a thread: it asks again soon, whatever the tracker knows. */
const fewConnections = 4;

/** Milliseconds of the quick announces of a host that lacks peers. */
const quick = 4_000;
const calm = 60_000;

export interface AnnounceState {
  readonly isComplete: boolean;
  readonly connections: number;
  /** How many other peers the tracker knows. */
  readonly known: number;
  /** What the tracker asked for, in milliseconds. */
  readonly interval: number;
  readonly minInterval: number | undefined;
}

/** True for a download that should look for more peers. */
export function lacksPeers(
  state: Pick<AnnounceState, 'isComplete' | 'connections' | 'known'>,
): boolean {
  const { isComplete, connections, known } = state;
  if (isComplete || connections >= wantedConnections) return false;
  return known > connections || connections < fewConnections;
}

/**
 * Milliseconds until the next announce to a tracker that has answered: soon while a download lacks peers that the tracker
 * knows, else as the tracker asks. `chance` in [0, 1) spreads the fleet over ±20 %.
 */
export function announceDelay(state: AnnounceState, chance: number): number {
  if (state.isComplete) return spread(state.interval, chance);
  const wanted = lacksPeers(state) ? quick : calm;
  return spread(Math.max(Math.min(wanted, state.interval), state.minInterval ?? 0), chance);
}

/**
 * Milliseconds until a tracker that did not answer `failures` times in a row is asked again: ever later, but a download
 * that lacks peers never waits long.
 */
export function failureDelay(failures: number, isHurried: boolean, chance: number): number {
  const [first, longest] = isHurried ? [2_000, 30_000] : [30_000, 900_000];
  return doubling(first, longest, failures, chance);
}

/**
 * Milliseconds until a tracker that refused a torrent is asked about it again: soon at first, since its list of torrents
 * may be on its way.
 */
export function refusalDelay(refusals: number, isHurried: boolean, chance: number): number {
  return doubling(2_000, isHurried ? 30_000 : 900_000, refusals, chance);
}

function doubling(first: number, longest: number, count: number, chance: number): number {
  return spread(Math.min(longest, first * 2 ** (count - 1)), chance);
}

function spread(milliseconds: number, chance: number): number {
  return milliseconds * (0.8 + 0.4 * chance);
}
