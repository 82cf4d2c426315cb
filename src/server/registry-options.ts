import { lookup } from 'node:dns/promises';
import { DocketError } from '../base/errors.ts';
import type { LinkLimits } from '../base/link-limits.ts';
import type { Log } from '../base/log.ts';
import type { StorageOptions } from '../storage/open-blob-store.ts';
import { withoutBrackets } from '../torrent/ip-address.ts';
import type { IpRange } from '../torrent/ip-range.ts';
import { trackerTiers, type TrackerTiers } from '../torrent/tracker-tiers.ts';
import type { RetentionRules } from '../registry/gc/retention-rules.ts';
import { hostAndPort, isHostAndPort } from './own-address.ts';
import { trackerUrlOf } from './tracker-url.ts';
import type { AccessSource } from './access/access-rules.ts';
import type { TlsOptions } from './tls.ts';
import type { Webhook } from './webhooks/webhook.ts';

export interface RegistryOptions {
  /** Where requests are accepted: default all addresses. */
  readonly host?: string | undefined;
  /** Default 8000; 0 takes a free one. */
  readonly port?: number | undefined;
  /** The UDP port of the built-in tracker: default that of `port`, or none when that is taken; 0 takes a free one. */
  readonly udpPort?: number | undefined;
  /** The folder of all that is kept, but for blobs that are kept elsewhere. */
  readonly location: string;
  /** Where blobs are kept; default: in the folder. */
  readonly storage?: StorageOptions | undefined;
  /** Start only when the folder holds a registry already, not on a mount point whose volume is missing. Default: false. */
  readonly mustExist?: boolean | undefined;
  /**
   * Other trackers, each `HOST:PORT`, `udp://HOST:PORT` or an announce URL; without any the registry has its own. The
   * first one counts, and each further one when all before it do not answer.
   */
  readonly trackers?: readonly string[] | undefined;
  /** The whitelist file of that tracker, which the registry keeps. */
  readonly trackerWhitelist?: string | undefined;
  /** The shell command that makes that tracker read its whitelist. */
  readonly trackerReload?: string | undefined;
  /** Where peers are accepted: default all addresses. */
  readonly peerHost?: string | undefined;
  /** Default 6881, or any free port when that is taken; 0 takes a free one. */
  readonly peerPort?: number | undefined;
  /** The networks that peers are in: no others are dialled or accepted. Default: they can be anywhere. */
  readonly peersFrom?: readonly IpRange[] | undefined;
  /** The most connections to peers; default 2000. */
  readonly maxPeers?: number | undefined;
  /** The host by which peers and clients reach this registry; default: the one by which they came. */
  readonly advertise?: string | undefined;
  /** Limits the link: what peers and HTTP clients get and send, together. */
  readonly link?: LinkLimits | undefined;
  /** Who is let in, and may what; default: everybody everything. */
  readonly access?: AccessSource | undefined;
  /** The file of the audit log; default: `audit.jsonl` in the folder where there is `access`, else none. */
  readonly auditLog?: string | undefined;
  /** Requests come over TLS by this certificate; default: plain HTTP. */
  readonly tls?: TlsOptions | undefined;
  /** False: blobs, manifests and tags cannot be deleted over HTTP; default true. */
  readonly deletes?: boolean | undefined;
  /** True: manifests are taken although blobs or manifests that they name are lacking; default false. */
  readonly sparse?: boolean | undefined;
  /** Who is told of changes. */
  readonly webhooks?: readonly Webhook[] | undefined;
  /** Whether each request gets a line in the log: default yes. */
  readonly accessLog?: boolean | undefined;
  /** Milliseconds between being told to end, when it stops being ready, and accepting no more requests: default none. */
  readonly shutdownDelay?: number | undefined;
  /** What the garbage collection leaves alone; default: all that was in use within a week, and all tags. */
  readonly retention?: RetentionRules | undefined;
  /** Milliseconds between two garbage collections; default: a day; 0: only when it is asked for. */
  readonly gcInterval?: number | undefined;
  readonly log: Log;
}

export const defaultGcInterval = 24 * 3600_000;

/** Raised when a registry cannot be started as it was told to. */
export class RegistryError extends DocketError {
  declare readonly code: 'REGISTRY_OPTION_INVALID';
}

/** The trackers that were brought along; undefined when there are none. Throws RegistryError. */
export function trackersOf(options: RegistryOptions): TrackerTiers | undefined {
  const { trackers = [], trackerWhitelist, trackerReload, udpPort, access } = options;
  if (access !== undefined && udpPort !== undefined) {
    throw invalid('a UDP tracker knows no keys: with access rules, announces come over HTTP alone');
  }
  if (trackers.length === 0) {
    if (trackerWhitelist !== undefined || trackerReload !== undefined) {
      throw invalid('a whitelist or reload command needs a tracker of your own: name it too');
    }
    return undefined;
  }
  if (trackerWhitelist === undefined && trackerReload !== undefined) {
    throw invalid('a reload command needs the whitelist file that it makes the tracker read');
  }
  if (udpPort !== undefined) {
    throw invalid('the UDP port is one of the built-in tracker, and another tracker was named');
  }
  return trackerTiers(trackers.map((tracker) => [announceUrl(tracker)]));
}

/** Throws RegistryError. */
function announceUrl(tracker: string): string {
  const url = trackerUrlOf(tracker);
  if (url !== undefined) return url;
  throw invalid(
    `"${tracker}" is not a tracker: expected HOST:PORT, udp://HOST:PORT or an announce URL`,
  );
}

/** The IP address of the host that is advertised. Throws RegistryError. */
export async function advertisedAddressOf(options: RegistryOptions): Promise<string | undefined> {
  const { advertise } = options;
  if (advertise === undefined) return undefined;
  if (!isHostAndPort(hostAndPort(advertise, 1))) {
    throw invalid(`the advertised host must be a name or an IP address, not "${advertise}"`);
  }
  try {
    const { address } = await lookup(withoutBrackets(advertise), { order: 'ipv4first' });
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
