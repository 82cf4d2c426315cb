/** Connections under which a host that still downloads looks for more. */
export const wantedConnections = 20;

/** Milliseconds of the quick announces of a host that lacks peers. */
const quick = 4_000;
const calm = 60_000;

export interface AnnounceState {
  readonly isComplete: boolean;
  readonly connections: number;
  /** What the tracker asked for, in milliseconds. */
  readonly interval: number;
  readonly minInterval: number | undefined;
  /** Announces that failed in a row. */
  readonly failures: number;
}

/**
 * Milliseconds until the next announce to one tracker: soon while a download lacks peers, else as the tracker asks;
 * after failures ever later. `chance` in [0, 1) spreads the fleet over ±20 %.
 */
export function announceDelay(state: AnnounceState, chance: number): number {
  const spread = 0.8 + 0.4 * chance;
  if (state.failures > 0) {
    const longest = state.isComplete ? 600_000 : 30_000;
    return Math.min(longest, 1_000 * 2 ** state.failures) * spread;
  }
  if (state.isComplete) return state.interval * spread;
  const wanted = state.connections < wantedConnections ? quick : calm;
  return Math.max(Math.min(wanted, state.interval), state.minInterval ?? 0) * spread;
}
