import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where the suite comes from, and which one it is: what Docket is measured by changes only with this line. */
const repository = 'https://github.com/opencontainers/distribution-spec';
export const suiteCommit = '967efdc079b91785ad18c77cc4f8991a47feefbf';

/** Where the suite's program is, or why it is not there and how to get it. */
export type SuiteSource =
  | { readonly folder: string; readonly commit: string }
  | { readonly missing: string };

/** The suite in a folder that the user named: a checkout of distribution-spec, or its `conformance` folder. */
export function suiteIn(folder: string): SuiteSource {
  for (const candidate of [join(folder, 'conformance'), folder]) {
    if (existsSync(join(candidate, 'go.mod')) && existsSync(join(candidate, 'main.go'))) {
      const head = spawnSync('git', ['-C', candidate, 'rev-parse', 'HEAD'], { encoding: 'utf8' });
      return { folder: candidate, commit: head.status === 0 ? head.stdout.trim() : 'unknown' };
    }
  }
  return { missing: `${folder} holds no conformance suite: expected a checkout of ${repository}` };
}

/** The pinned suite, cloned to `cache` unless it is there already. */
export async function cloneSuite(cache: string): Promise<SuiteSource> {
  const target = join(cache, suiteCommit);
  if (!existsSync(target)) {
    const partial = `${target}.${process.pid}`;
    await mkdir(partial, { recursive: true });
    try {
      const failure =
        git(partial, 'init', '--quiet') ??
        git(partial, 'fetch', '--quiet', '--depth', '1', repository, suiteCommit) ??
        git(partial, 'checkout', '--quiet', suiteCommit);
      if (failure !== undefined) return { missing: cannotClone(failure) };
      await mkdir(dirname(target), { recursive: true });
      await rename(partial, target).catch((error: unknown) => {
        // Another run was faster.
        if (!existsSync(target)) throw error;
      });
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }
  return { folder: join(target, 'conformance'), commit: suiteCommit };
}

/** Runs git without ever asking for anything; what it complained of, or undefined. */
function git(folder: string, ...command: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync('git', ['-C', folder, ...command], {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
  });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').at(-1) || `git ${command[0]} failed`);
}

function cannotClone(failure: string): string {
  return (
    `the suite cannot be cloned (${failure}). Without the internet: bring a checkout of ${repository} at ${suiteCommit} ` +
    'and name it with --suite FOLDER; its Go modules must be in the module cache then, or a GOPROXY in reach.'
  );
}
