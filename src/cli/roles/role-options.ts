import type { LogLevel } from '../../base/log.ts';
import { parseRateHours } from '../rate-hours-option.ts';
import { parseRate } from '../rate-option.ts';
import { readPeersFrom } from '../peers-from-option.ts';
import { parseListenPort } from '../registry-url.ts';

/** The options that registry and agent have in common, as they were typed. */
export interface TypedRoleOptions {
  readonly bind: string;
  readonly port: string;
  readonly location: string;
  readonly peerPort?: string;
  readonly peerBind?: string;
  readonly peersFrom: readonly string[];
  readonly rate?: string;
  readonly uploadRate?: string;
  readonly downloadRate?: string;
  readonly rateHours: readonly string[];
  readonly logLevel: LogLevel;
}

/** The options that both roles take, read. Throws UsageError and UnitError. */
export function readRoleOptions(typed: TypedRoleOptions) {
  return {
    host: typed.bind,
    port: parseListenPort(typed.port),
    location: typed.location,
    peerPort: typed.peerPort === undefined ? undefined : parseListenPort(typed.peerPort),
    peerHost: typed.peerBind,
    peersFrom: readPeersFrom(typed.peersFrom),
    link: {
      upload: parseRate(typed.uploadRate ?? typed.rate),
      download: parseRate(typed.downloadRate ?? typed.rate),
      hours: parseRateHours(typed.rateHours),
    },
  };
}
