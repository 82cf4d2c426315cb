import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { credentialsFrom } from '../../agent/upstream/docker-config.ts';
import type { Credentials } from '../../agent/upstream/registry-login.ts';
import { codeOf } from '../../base/errors.ts';
import { isJsonObject } from '../../oci/descriptor.ts';
import { writeFileDurably } from '../../storage/durable-file.ts';
import { systemFiles } from '../../storage/files.ts';
import { CliError } from '../cli-error.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Logins by registries, in a file of the user's own, in the form of Docker's `config.json`. */
export class CredentialStore {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** Where `docket login` keeps what it is told. */
  get path(): string {
    const {
      DOCKET_CREDENTIALS: named,
      XDG_CONFIG_HOME: config,
      HOME: home = homedir(),
    } = this.#env;
    if (named) return named;
    return path.join(config || path.join(home, '.config'), 'docket', 'credentials.json');
  }

  /** The login for a registry: its own, else Docker's. Throws CredentialsError. */
  async find(registry: URL): Promise<Credentials | undefined> {
    const { DOCKER_CONFIG: folder, HOME: home = homedir() } = this.#env;
    const docker = path.join(folder || path.join(home, '.docker'), 'config.json');
    for (const file of [this.path, docker]) {
      const found = (await isThere(file)) ? await credentialsFrom(file, registry) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Keeps a login, for the user's eyes only. */
  async keep(registry: URL, { username, password }: Credentials): Promise<void> {
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    await this.#change((auths) => ({ ...auths, [registry.host]: { auth } }));
  }

  /** Forgets one; false when there was none. */
  async forget(registry: URL): Promise<boolean> {
    let isGone = false;
    await this.#change((auths) => {
      const { [registry.host]: gone, ...rest } = auths;
      isGone = gone !== undefined;
      return rest;
    });
    return isGone;
  }

  async #change(
    change: (auths: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const content = await readObject(this.path);
    const { auths } = content;
    const changed = { ...content, auths: change(isJsonObject(auths) ? auths : {}) };
    await mkdir(path.dirname(this.path), { recursive: true, mode: 0o700 });
    const text = `${JSON.stringify(changed, undefined, 2)}\n`;
    await writeFileDurably(this.path, text, systemFiles, 0o600);
  }
}

async function readObject(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isJsonObject(value)) return value;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CliError('FILE_UNKNOWN', `${file} is no file of logins`, {
    hint: 'Move it away, and log in again.',
  });
}

async function isThere(file: string): Promise<boolean> {
  return await readFile(file).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR',
  );
}
