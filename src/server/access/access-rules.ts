import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { accessOfUsers, parseAccess, type AccessConfig } from '../../auth/access-config.ts';
import { AuthError } from '../../auth/auth-error.ts';
import { looksLikeHtpasswd, parseHtpasswd, type PasswordHashes } from '../../auth/htpasswd.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { errorFields } from '../error-status.ts';
import { WatchedFiles } from './watched-files.ts';

/** Who is let in: a file that says it, or what it would hold. */
export type AccessSource = { readonly file: string } | { readonly config: AccessConfig };

/** The rules as they are now. */
export interface Rules {
  readonly config: AccessConfig;
  readonly users: PasswordHashes;
}

const largestFile = 16 * 1024 * 1024;

/** The rules and users, read again whenever their files change. What cannot be read leaves those of before. */
export class AccessRules {
  readonly #source: AccessSource;
  readonly #log: Log;
  readonly #watched: WatchedFiles;
  #rules: Rules;

  private constructor(source: AccessSource, rules: Rules, clock: Clock, log: Log) {
    this.#source = source;
    this.#rules = rules;
    this.#log = log;
    this.#watched = new WatchedFiles(
      () => filesOf(this.#source, this.#rules),
      () => this.#read(),
      clock,
    );
  }

  /** Throws AuthError ACCESS_INVALID. */
  static async open(source: AccessSource, clock: Clock, log: Log): Promise<AccessRules> {
    const rules = new AccessRules(source, await readRules(source), clock, log);
    await rules.#watched.mark();
    return rules;
  }

  get current(): Rules {
    return this.#rules;
  }

  /** Reads the files again. Never rejects. */
  async reload(): Promise<void> {
    await this.#watched.reload();
  }

  async close(): Promise<void> {
    await this.#watched.close();
  }

  async #read(): Promise<void> {
    try {
      this.#rules = await readRules(this.#source);
      this.#log.info({ users: this.#rules.users.size }, 'read the rules of access again');
    } catch (error) {
      this.#log.error(errorFields(error), 'cannot read the rules of access: those of before hold');
    }
  }
}

function filesOf(source: AccessSource, { config }: Rules): readonly string[] {
  const own = 'file' in source ? [source.file] : [];
  return config.htpasswd === undefined ? own : [...own, config.htpasswd];
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
