import { after, before, suite, test } from 'node:test';
import { Swift, swiftMissing } from '../lab/swift.ts';

/** Declares tests over an S3-compatible store that runs while they do; a single skipped one where it cannot run. */
export function withSwift(name: string, declare: (swift: () => Swift) => void): void {
  const missing = swiftMissing();
  if (missing !== undefined) {
    test(name, { skip: missing }, () => {});
    return;
  }
  suite(name, () => {
    let running: Swift | undefined;
    before(async () => {
      running = await Swift.start();
    });
    after(() => running?.[Symbol.asyncDispose]());
    declare(() => {
      if (running === undefined) throw new Error('swift does not run');
      return running;
    });
  });
}
