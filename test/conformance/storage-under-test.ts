import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RegistryOptions } from '../../src/server/registry-role.ts';
import { RegistryUnderTest } from './registry-under-test.ts';

/** A kind of storage that the suites run over. */
export interface StorageUnderTest {
  readonly name: string;
  /** Starts a registry on an empty storage of this kind; closing it removes all that was stored. */
  readonly start: (options?: Partial<RegistryOptions>) => Promise<RegistryUnderTest>;
}

/** Blobs as files of a folder, the catalog beside them. */
export const diskStorage: StorageUnderTest = {
  name: 'disk',
  start: async (options = {}) => {
    const location = await mkdtemp(join(tmpdir(), 'docket-conformance-'));
    return await RegistryUnderTest.start({ location, ...options }, () =>
      rm(location, { recursive: true, force: true }),
    );
  },
};
