import { conformanceSuite } from './conformance-suite.ts';
import { diskStorage } from './storage-under-test.ts';

conformanceSuite(diskStorage);
