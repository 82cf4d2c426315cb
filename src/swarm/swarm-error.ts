import { DocketError } from '../base/errors.ts';

/** `SWARM_STOPPED`: it was told to. `SWARM_STALLED`: nothing comes from anywhere. `SWARM_DISK`: the disk refuses. */
export type SwarmErrorCode = 'SWARM_STOPPED' | 'SWARM_STALLED' | 'SWARM_DISK';

/** Why a download ended without its blob. */
export class SwarmError extends DocketError {
  declare readonly code: SwarmErrorCode;
}
