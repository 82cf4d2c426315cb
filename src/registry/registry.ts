import type { Log } from '../base/log.ts';
import type { LocalBlobStore } from '../storage/blob-store.ts';
import type { Catalog } from '../storage/catalog.ts';
import { Blobs } from './blobs.ts';
import { KeyedLock } from './keyed-lock.ts';
import { Manifests } from './manifests.ts';
import { Seeding } from './seeding.ts';
import { Uploads, type UploadLimits } from './uploads.ts';

export interface RegistryParts {
  readonly store: LocalBlobStore;
  readonly catalog: Catalog;
  readonly log: Log;
  readonly limits?: UploadLimits;
  /** Take manifests although what they name is lacking; default false. */
  readonly sparse?: boolean;
}

/** What a registry does, put together; it knows neither HTTP nor sockets. */
export class Registry {
  readonly store: LocalBlobStore;
  readonly catalog: Catalog;
  readonly seeding: Seeding;
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  readonly manifests: Manifests;

  constructor(parts: RegistryParts) {
    this.store = parts.store;
    this.catalog = parts.catalog;
    const changes = new KeyedLock();
    this.seeding = new Seeding({ ...parts, changes });
    this.blobs = new Blobs({ ...parts, changes, events: this.seeding });
    this.uploads = new Uploads({ ...parts, blobs: this.blobs });
    this.manifests = new Manifests(parts);
  }

  /** Ends the work in the background. The store and the catalog stay open. */
  async close(): Promise<void> {
    await this.seeding.close();
  }
}
