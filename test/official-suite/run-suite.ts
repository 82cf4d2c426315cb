import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../src/base/log.ts';
import { startRegistry } from '../../src/server/registry-role.ts';
import { readSummary, type Summary } from './summary.ts';

/** One run of the suite against a registry of its own. */
export interface SuiteRun {
  /** What of the distribution-spec is asked for: `1.1` or `dev`. */
  readonly version: string;
  /** True: the registry takes manifests whose content is lacking, and the suite pushes such. */
  readonly sparse: boolean;
}

/** All that a registry may leave out is asked for, too. */
const everything = Object.fromEntries(
  [
    'API_PING',
    'API_PULL',
    'API_PUSH',
    'API_BLOBS_ATOMIC',
    'API_BLOBS_DELETE',
    'API_BLOBS_DIGEST_HEADER',
    'API_BLOBS_MOUNT_ANONYMOUS',
    'API_BLOBS_UPLOAD_CANCEL',
    'API_MANIFESTS_ATOMIC',
    'API_MANIFESTS_DELETE',
    'API_MANIFESTS_DIGEST_HEADER',
    'API_MANIFESTS_TAG_PARAM',
    'API_TAGS_ATOMIC',
    'API_TAGS_DELETE',
    'API_TAGS_LIST',
    'API_REFERRER',
    'DATA_IMAGE',
    'DATA_INDEX',
    'DATA_INDEX_LIST',
    'DATA_ARTIFACT',
    'DATA_ARTIFACT_LIST',
    'DATA_SUBJECT',
    'DATA_SUBJECT_LIST',
    'DATA_SUBJECT_MISSING',
    'DATA_DATA_FIELD',
    'DATA_NONDISTRIBUTABLE',
    'DATA_CUSTOM_FIELDS',
    'DATA_NO_LAYERS',
    'DATA_EMPTY_BLOB',
    'DATA_SHA512',
  ].map((name) => [`OCI_${name}`, 'true'] as const),
);

/**
 * Runs the suite's `program` and gives its summary and all it printed. Its reports are written to `results`. Throws when it
 * does not come to its end.
 */
export async function runSuite(
  program: string,
  { version, sparse }: SuiteRun,
  results: string,
): Promise<{ readonly summary: Summary; readonly output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-official-'));
  try {
    await mkdir(results, { recursive: true });
    await using registry = await startRegistry({
      host: '127.0.0.1',
      port: 0,
      peerHost: '127.0.0.1',
      peerPort: 0,
      location: join(folder, 'registry'),
      sparse,
      log: silentLog,
    });
    const child = spawn(program, [], {
      // Not where it could find a configuration of its own.
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        ...everything,
        OCI_DATA_SPARSE: String(sparse),
        OCI_REGISTRY: new URL(registry.url).host,
        OCI_TLS: 'disabled',
        OCI_VERSION: version,
        OCI_RESULTS_DIR: results,
        OCI_LOG: 'error',
      },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    const summary = readSummary(output);
    if (summary === undefined) {
      throw new Error(`the suite broke off with code ${code}:\n${output.slice(-2000)}`);
    }
    return { summary, output };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
