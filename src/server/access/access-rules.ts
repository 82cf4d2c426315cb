import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { accessOfUsers, parseAccess, type AccessConfig } from '../../auth/access-config.ts';
import { AuthError } from '../../auth/auth-error.ts';
import { looksLikeHtpasswd, parseHtpasswd, type PasswordHashes } from '../../auth/htpasswd.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { Watched } from '../watched.ts';

/** Who is let in: a file that says it, or what it would hold. */
export type AccessSource = { readonly file: string } | { readonly config: AccessConfig };

/** The rules as they are now. */
export interface Rules {
  readonly config: AccessConfig;
  readonly users: PasswordHashes;
}

const largestFile = 16 * 1024 * 1024;

/** The rules and users, read again whenever their files change. */
export type AccessRules = Watched<Rules>;

/** Throws AuthError ACCESS_INVALID. */
export async function openRules(
  source: AccessSource,
  clock: Clock,
  log: Log,
): Promise<AccessRules> {
  return await Watched.open({
    read: () => readRules(source),
    paths: ({ config }) => filesOf(source, config),
    clock,
    log,
    again: 'read the rules of access again',
    failed: 'cannot read the rules of access: those of before hold',
    fields: ({ users }) => ({ users: users.size }),
  });
}

function filesOf(source: AccessSource, { htpasswd }: AccessConfig): readonly string[] {
  const own = 'file' in source ? [source.file] : [];
  return htpasswd === undefined ? own : [...own, htpasswd];
}

async function readRules(source: AccessSource): Promise<Rules> {
  const config = 'file' in source ? await readConfig(source.file) : source.config;
  const { htpasswd } = config;
  if (htpasswd === undefined) return { config, users: new Map() };
  return { config, users: parseHtpasswd(htpasswd, await readText(htpasswd)) };
}

/** A file of users alone will do; paths in a file start at it. */
async function readConfig(path: string): Promise<AccessConfig> {
  const text = await readText(path);
  if (looksLikeHtpasswd(text)) return accessOfUsers(path);
  let value: unknown;
  try {
    value = parseYaml(text, { uniqueKeys: true, maxAliasCount: 100 }) ?? {};
  } catch (error) {
    throw new AuthError('ACCESS_INVALID', `${path}: ${messageOf(error)}`, { cause: error });
  }
  const config = parseAccess(path, value);
  const { htpasswd } = config;
  return htpasswd === undefined
    ? config
    : { ...config, htpasswd: resolve(dirname(path), htpasswd) };
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > largestFile) throw new Error('it is larger than 16 MiB');
    return bytes.toString('utf8');
  } catch (error) {
    throw new AuthError('ACCESS_INVALID', `${path}: cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
