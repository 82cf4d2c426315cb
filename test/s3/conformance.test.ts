import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conformanceSuite } from '../conformance/conformance-suite.ts';
import { RegistryUnderTest } from '../conformance/registry-under-test.ts';
import { withSwift } from './with-swift.ts';

withSwift('S3', (swift) => {
  conformanceSuite({
    name: 'S3',
    start: async (options = {}) => {
      const location = await mkdtemp(join(tmpdir(), 'docket-conformance-s3-'));
      const storage = { s3: swift().place() };
      return await RegistryUnderTest.start({ location, storage, ...options }, () =>
        rm(location, { recursive: true, force: true }),
      );
    },
  });
});
