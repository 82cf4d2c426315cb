import type { Log } from '../base/log.ts';
import type { RequestObserver } from '../observe/request-observer.ts';
import type { Registry } from '../registry/registry.ts';
import type { TrackerTiers } from '../torrent/tracker-tiers.ts';
import type { Tracker } from '../tracker/tracker.ts';
import type { Access } from './access/access.ts';
import type { AuditLog } from './access/audit-log.ts';
import type { BlobRights } from './access/blob-rights.ts';
import type { Need } from './access/need.ts';
import type { Exchange } from './exchange.ts';
import type { OriginAddress } from './origin-address.ts';
import type { Readiness } from './readiness.ts';
import type { ServerMetrics } from './server-metrics.ts';
import type { Traffic } from './traffic.ts';

/** What the routes work with. */
export interface Services {
  readonly registry: Registry;
  readonly traffic: Traffic;
  readonly metrics: ServerMetrics;
  readonly observer: RequestObserver;
  readonly readiness: Readiness;
  readonly log: Log;
  readonly version: string;
  /** The built-in tracker; undefined when another one is used. */
  readonly tracker: Tracker | undefined;
  /** The trackers of all torrents, when it is not the built-in one. */
  readonly trackers: TrackerTiers | undefined;
  /** The host by which this registry is known, when it was named. */
  readonly advertise: string | undefined;
  /** Where the registry's own seeder is. */
  readonly origins: OriginAddress;
  /** Who asks; undefined: nobody is asked, and everybody may do everything. */
  readonly access: Access | undefined;
  readonly blobRights: BlobRights;
  /** Where changes are written down, when they are. */
  readonly audit: AuditLog | undefined;
  /** False: nothing can be deleted over HTTP. */
  readonly deletes: boolean;
}

/** Answers one kind of request. What it throws becomes the answer. */
export type Handler = (exchange: Exchange, services: Services) => Promise<void> | void;

/** What a route does for one method, and what a request must bring for it. */
export interface Method {
  readonly need: Need;
  readonly run: Handler;
}
