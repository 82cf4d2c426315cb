import type { LogLevel } from '../../base/log.ts';
import { parseRateHours } from '../rate-hours-option.ts';
import { parseRate } from '../rate-option.ts';
import { readPeersFrom } from '../peers-from-option.ts';
import { parseListenPort } from '../registry-url.ts';
import { UsageError } from '../usage-error.ts';

/** The options that registry and agent have in common, as they were typed. */
export interface TypedRoleOptions {
  readonly bind: string;
  readonly port: string;
  readonly location: string;
  readonly peerPort?: string;
  readonly peerBind?: string;
  readonly peersFrom: readonly string[];
  readonly maxPeers?: string;
  readonly rate?: string;
  readonly uploadRate?: string;
  readonly downloadRate?: string;
  readonly rateHours: readonly string[];
  readonly logLevel: LogLevel;
}

function readMaxPeers(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number >= 1) return number;
  throw new UsageError(`"${text}" are no peers: expected a number from 1 to 999999`);
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
    maxPeers: readMaxPeers(typed.maxPeers),
    link: {
      upload: parseRate(typed.uploadRate ?? typed.rate),
      download: parseRate(typed.downloadRate ?? typed.rate),
      hours: parseRateHours(typed.rateHours),
    },
  };
}
