import { lookup } from 'node:dns/promises';
import { DocketError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { hostAndPort, isHostAndPort } from './own-address.ts';

export interface RegistryOptions {
  /** Where requests are accepted: default all addresses. */
  readonly host?: string | undefined;
  /** Default 8000; 0 takes a free one. */
  readonly port?: number | undefined;
  /** The folder of all that is kept. */
  readonly location: string;
  /** `HOST:PORT` of another tracker; without it the registry has its own. */
  readonly tracker?: string | undefined;
  /** The whitelist file of that tracker, which the registry keeps. */
  readonly trackerWhitelist?: string | undefined;
  /** The shell command that makes that tracker read its whitelist. */
  readonly trackerReload?: string | undefined;
  /** Where peers are accepted: default all addresses. */
  readonly peerHost?: string | undefined;
  /** Default 6881, or any free port when that is taken; 0 takes a free one. */
  readonly peerPort?: number | undefined;
  /** The host by which peers and clients reach this registry; default: the one by which they came. */
  readonly advertise?: string | undefined;
  /** Limits the link, each way, in bytes a second. */
  readonly rate?: number | undefined;
  readonly log: Log;
}

/** Raised when a registry cannot be started as it was told to. */
export class RegistryError extends DocketError {
  declare readonly code: 'REGISTRY_OPTION_INVALID';
}

/** The announce URL of the tracker that was brought along. Throws RegistryError. */
export function trackerUrlOf(options: RegistryOptions): string | undefined {
  const { tracker, trackerWhitelist, trackerReload } = options;
  if (tracker === undefined) {
    if (trackerWhitelist !== undefined || trackerReload !== undefined) {
      throw invalid('a whitelist or reload command needs a tracker of your own: name it too');
    }
    return undefined;
  }
  if (trackerWhitelist === undefined && trackerReload !== undefined) {
    throw invalid('a reload command needs the whitelist file that it makes the tracker read');
  }
  if (!isHostAndPort(tracker)) throw invalid(`the tracker must be HOST:PORT, not "${tracker}"`);
  return `http://${tracker}/announce`;
}

/** The IP address of the host that is advertised. Throws RegistryError. */
export async function advertisedAddressOf(options: RegistryOptions): Promise<string | undefined> {
  const { advertise } = options;
  if (advertise === undefined) return undefined;
  if (!isHostAndPort(hostAndPort(advertise, 1))) {
    throw invalid(`the advertised host must be a name or an IP address, not "${advertise}"`);
  }
  try {
    const { address } = await lookup(advertise.replace(/^\[(.*)\]$/, '$1'), {
      order: 'ipv4first',
    });
    return address;
  } catch (cause) {
    throw new RegistryError(
      'REGISTRY_OPTION_INVALID',
      `the advertised host "${advertise}" has no address`,
      { cause },
    );
  }
}

function invalid(message: string): RegistryError {
  return new RegistryError('REGISTRY_OPTION_INVALID', message);
}
