import type { Log } from '../base/log.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Catalog } from '../storage/catalog.ts';
import { Blobs } from './blobs.ts';
import { GarbageCollector } from './gc/garbage-collector.ts';
import type { GcObserver } from './gc/gc-report.ts';
import {
  checkRetention,
  defaultRetention,
  touchAgeOf,
  type RetentionRules,
} from './gc/retention-rules.ts';
import { Damage } from './damage.ts';
import { Healing } from './healing.ts';
import { KeyedLock } from './keyed-lock.ts';
import { Manifests } from './manifests.ts';
import { Seeding } from './seeding.ts';
import { Uses } from './uses.ts';
import { Verification } from './verification.ts';
import { Uploads, type UploadLimits } from './uploads.ts';

export interface RegistryParts {
  readonly store: BlobStore;
  readonly catalog: Catalog;
  readonly log: Log;
  readonly limits?: UploadLimits;
  /** Take manifests although what they name is lacking; default false. */
  readonly sparse?: boolean;
  /** What the garbage collection leaves alone; default: all that was in use within a week, and all tags. */
  readonly retention?: RetentionRules | undefined;
  /** Hears what the garbage collection does. */
  readonly gcObserver?: GcObserver | undefined;
  /** Milliseconds since 1970; default: the system's. */
  readonly wallTime?: (() => number) | undefined;
}

/** What a registry does, put together; it knows neither HTTP nor sockets. */
export class Registry {
  readonly store: BlobStore;
  readonly catalog: Catalog;
  readonly seeding: Seeding;
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  readonly manifests: Manifests;
  readonly garbage: GarbageCollector;
  readonly healing: Healing;
  readonly verification: Verification;

  constructor(parts: RegistryParts) {
    this.store = parts.store;
    this.catalog = parts.catalog;
    const { retention = defaultRetention, wallTime = Date.now } = parts;
    checkRetention(retention);
    const changes = new KeyedLock();
    const uses = new Uses({ log: parts.log, wallTime, staleAfter: touchAgeOf(retention) });
    const damage = new Damage({
      ...parts,
      changes,
      found: (digest) => this.seeding.condemned(digest),
    });
    this.seeding = new Seeding({
      ...parts,
      changes,
      damage,
      lost: (blob) => this.healing.request(blob),
    });
    this.blobs = new Blobs({ ...parts, changes, uses, events: this.seeding });
    this.uploads = new Uploads({ ...parts, blobs: this.blobs });
    this.healing = new Healing({ ...parts, blobs: this.blobs });
    this.verification = new Verification({
      ...parts,
      damage,
      healing: this.healing,
      wallTime,
    });
    this.manifests = new Manifests({ ...parts, uses });
    this.garbage = new GarbageCollector({
      ...parts,
      blobs: this.blobs,
      uploads: this.uploads,
      retention,
      wallTime,
      observer: parts.gcObserver,
    });
  }

  /** Ends the work in the background. The store and the catalog stay open. */
  async close(): Promise<void> {
    await this.garbage.close();
    await this.verification.cancel();
    await this.healing.close();
    await this.seeding.close();
  }
}
