import { blobsSuite } from './blobs-suite.ts';
import { dataSetsSuite } from './data-sets-suite.ts';
import { hardeningSuite } from './hardening-suite.ts';
import { listingsSuite } from './listings-suite.ts';
import { manifestsSuite } from './manifests-suite.ts';
import { protocolSuite } from './protocol-suite.ts';
import { mediaTypesSuite } from './media-types-suite.ts';
import { optionsSuite } from './options-suite.ts';
import { rangesSuite } from './ranges-suite.ts';
import { referrersSuite } from './referrers-suite.ts';
import type { StorageUnderTest } from './storage-under-test.ts';
import { torrentsSuite } from './torrents-suite.ts';
import { uploadsSuite } from './uploads-suite.ts';

/** What a registry must do over every kind of storage: the distribution-spec, what clients rely on, and its torrents. */
export function conformanceSuite(storage: StorageUnderTest): void {
  protocolSuite(storage);
  blobsSuite(storage);
  rangesSuite(storage);
  uploadsSuite(storage);
  manifestsSuite(storage);
  dataSetsSuite(storage);
  mediaTypesSuite(storage);
  referrersSuite(storage);
  listingsSuite(storage);
  optionsSuite(storage);
  hardeningSuite(storage);
  torrentsSuite(storage);
}
