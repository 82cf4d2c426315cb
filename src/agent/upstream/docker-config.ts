import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { DocketError, messageOf } from '../../base/errors.ts';
import { isJsonObject } from '../../oci/descriptor.ts';
import type { Credentials } from './registry-login.ts';

/** Raised for a file of credentials that cannot be read or meant. */
export class CredentialsError extends DocketError {
  constructor(message: string, options?: ErrorOptions) {
    super('CREDENTIALS_FILE_INVALID', message, options);
  }
}

const helperPatience = 10_000;
/** How helpers say that the password is a token of before. */
const tokenUser = '<token>';

/**
 * The login for a registry, out of a file: `{"username", "password"}` for whatever registry it is, or a Docker `config.json`
 * with its `auths`, `credHelpers` and `credsStore`. Undefined when it has none for that host. Throws CredentialsError.
 */
export async function credentialsFrom(
  path: string,
  registry: URL,
): Promise<Credentials | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    // What stands there is not told: it may be a password.
    const reason = error instanceof SyntaxError ? 'it is no JSON' : messageOf(error);
    throw new CredentialsError(`${path}: cannot be read: ${reason}`);
  }
  if (!isJsonObject(value)) throw new CredentialsError(`${path}: expected a JSON object`);
  const { username, password } = value;
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  return await fromDockerConfig(value, registry.host);
}

/** Docker's own way to look a host up. */
async function fromDockerConfig(
  config: Readonly<Record<string, unknown>>,
  host: string,
): Promise<Credentials | undefined> {
  const { credHelpers, credsStore, auths } = config;
  const helper = isJsonObject(credHelpers) ? credHelpers[host] : undefined;
  if (typeof helper === 'string') return await fromHelper(helper, host);
  const entry = isJsonObject(auths)
    ? Object.entries(auths).find(([name]) => hostOf(name) === host)?.[1]
    : undefined;
  const direct = isJsonObject(entry) ? fromEntry(entry) : undefined;
  if (direct !== undefined || typeof credsStore !== 'string') return direct;
  return await fromHelper(credsStore, host);
}

/** Entries of before had URLs for names. */
function hostOf(name: string): string {
  return name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function fromEntry(entry: Readonly<Record<string, unknown>>): Credentials | undefined {
  const { identitytoken, auth, username, password } = entry;
  if (typeof identitytoken === 'string' && identitytoken !== '') {
    return { username: tokenUser, password: identitytoken, isRefreshToken: true };
  }
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon !== -1) return { username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  if (typeof username !== 'string' || typeof password !== 'string') return undefined;
  return { username, password };
}

/** Asks `docker-credential-<helper>`, which prints JSON. */
async function fromHelper(helper: string, host: string): Promise<Credentials | undefined> {
  if (!/^[\w.-]+$/.test(helper))
    throw new CredentialsError('the name of a credential helper is odd');
  const text = await new Promise<string | undefined>((resolve) => {
    const child = execFile(
      `docker-credential-${helper}`,
      ['get'],
      { timeout: helperPatience },
      (error, stdout) => resolve(error === null ? stdout : undefined),
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(host);
  });
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return undefined;
    const { Username: username, Secret: password } = value;
    if (typeof username !== 'string' || typeof password !== 'string') return undefined;
    return { username, password, isRefreshToken: username === tokenUser };
  } catch {
    return undefined;
  }
}
