import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { everything } from './suite-environment.ts';
import { readSummary, type Summary } from './summary.ts';
import type { SuiteTarget } from './targets.ts';

/**
 * Runs the suite's `program` against a fresh target and gives its summary. Its reports are written to `results`; where
 * nothing may be pushed the suite breaks off while it writes them, when all is tested. Throws when it does not come so far.
 */
export async function runSuite(
  program: string,
  target: SuiteTarget,
  results: string,
): Promise<Summary> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-official-'));
  try {
    await mkdir(results, { recursive: true });
    await using running = await target.start(folder);
    const child = spawn(program, [], {
      // Not where it could find a configuration of its own.
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        ...everything,
        OCI_DATA_SPARSE: 'false',
        ...running.environment,
        OCI_REGISTRY: new URL(running.url).host,
        OCI_TLS: 'disabled',
        OCI_VERSION: target.version,
        OCI_RESULTS_DIR: results,
        OCI_LOG: 'error',
      },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    const summary = readSummary(output);
    if (summary === undefined) {
      const said = (output + complaints).slice(-2000);
      throw new Error(`the suite broke off with code ${code}:\n${said}`);
    }
    return summary;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
