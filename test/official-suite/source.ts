import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Go } from './go.ts';

/** Where the suite comes from, and which one it is: what Docket is measured by changes only with these lines. */
const repository = 'https://github.com/opencontainers/distribution-spec';
const module = 'github.com/opencontainers/distribution-spec/conformance';
const commit = '97274622c111';
const version = `v0.0.0-20260831232431-${commit}`;

/** The suite's program and what it was made of; or why there is none, and what to do. */
export type BuiltSuite =
  | { readonly program: string; readonly source: string }
  | { readonly missing: string };

/** Builds the suite of a checkout that the user named, or its `conformance` folder, into `target`. */
export function buildSuiteIn(go: Go, folder: string, target: string): BuiltSuite {
  for (const candidate of [join(folder, 'conformance'), folder]) {
    if (existsSync(join(candidate, 'go.mod')) && existsSync(join(candidate, 'main.go'))) {
      const program = join(target, 'conformance');
      const options = ['-buildvcs=false', '-ldflags', '-X main.Version=given', '-o', program];
      const failure = run(go.program, ['build', ...options, '.'], { cwd: candidate });
      return failure === undefined
        ? { program, source: candidate }
        : { missing: `the suite in ${candidate} cannot be built: ${failure}` };
    }
  }
  return { missing: `${folder} holds no conformance suite: expected a checkout of ${repository}` };
}

/** Builds the pinned suite into `target`: as a Go module from the module proxy, else from a clone, which is kept in `cache`. */
export async function buildPinnedSuite(go: Go, target: string, cache: string): Promise<BuiltSuite> {
  const ldflags = `-X main.Version=${commit}`;
  const noModule = run(go.program, ['install', '-ldflags', ldflags, `${module}@${version}`], {
    env: { ...process.env, GOBIN: target },
  });
  if (noModule === undefined) {
    return { program: join(target, 'conformance'), source: `${module}@${version}` };
  }
  const clone = join(cache, commit);
  const noClone = existsSync(clone) ? undefined : await cloneTo(clone);
  if (noClone === undefined) return buildSuiteIn(go, clone, target);
  return {
    missing:
      `the suite cannot be had, neither as a Go module (${noModule}) nor as a clone (${noClone}). Without the internet: ` +
      `bring a checkout of ${repository} at ${commit} and name it with --suite FOLDER; its Go modules must be in the ` +
      'module cache then, or a GOPROXY in reach.',
  };
}

/** Clones the pinned commit; what went wrong, or undefined. */
async function cloneTo(folder: string): Promise<string | undefined> {
  const partial = `${folder}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    // It never asks for a password.
    const env = { ...process.env, GIT_TERMINAL_PROMPT: '0' };
    const failure =
      run('git', ['clone', '--quiet', repository, partial], { env }) ??
      run('git', ['-C', partial, 'checkout', '--quiet', commit], { env });
    if (failure !== undefined) return failure;
    await rename(partial, folder).catch((error: unknown) => {
      // Another run was faster.
      if (!existsSync(folder)) throw error;
    });
    return undefined;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Runs a program; the last line that it complained with, or undefined when all went well. */
function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 300_000,
    ...options,
  });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').at(-1)?.trim() || `${program} failed`);
}
