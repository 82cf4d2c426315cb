import { parseArgs } from 'node:util';

export const usage = `npm run conformance -- [options]

Runs the official conformance suite of the distribution-spec against this checkout's registry, for 1.1 and for dev: with all
that is optional, once more with sparse manifests, and against an agent, which only reads.

  --suite FOLDER     a checkout of opencontainers/distribution-spec, instead of the pinned version
  --results FOLDER   keep the suite's reports (results.yaml, junit.xml, report.html) there
  --version VERSION  only 1.1 or only dev
  --json             end with one line of JSON
`;

export interface Options {
  readonly suite: string | undefined;
  readonly results: string | undefined;
  readonly versions: readonly string[];
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the command line. Throws TypeError when it says something else. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      suite: { type: 'string' },
      results: { type: 'string' },
      version: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { suite, results, version, json, help } = values;
  if (version !== undefined && version !== '1.1' && version !== 'dev') {
    throw new TypeError(`--version must be 1.1 or dev, not "${version}"`);
  }
  return {
    suite,
    results,
    versions: version === undefined ? ['1.1', 'dev'] : [version],
    json,
    help,
  };
}
