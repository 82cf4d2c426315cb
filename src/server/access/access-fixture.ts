import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { silentLog } from '../../base/log.ts';
import { sha256Of, type Digest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { startRegistry, type RegistryOptions, type RegistryRole } from '../registry-role.ts';

/** Names, and the passwords that all of them have after them. */
export const people = ['pat', 'pam', 'dan', 'root', 'otto'] as const;

/** pat pulls, pam pushes, dan deletes in `team`; root manages; otto has all of `other`. Anyone pulls from `public`. */
export const usualRules = `
htpasswd: users
groups:
  pushers: [pam]
policy:
  - { who: anyone, may: [pull], repositories: 'public/**' }
  - { who: [user:pat, user:dan], may: [pull], repositories: 'team/**' }
  - { who: group:pushers, may: [pull, push], repositories: 'team/**' }
  - { who: user:dan, may: [delete], repositories: 'team/**' }
  - { who: user:root, may: [admin] }
  - { who: user:otto, may: [pull, push, delete], repositories: 'other/**' }
`;

export function passwordOf(name: string): string {
  return `${name}'s password`;
}

export function basic(name: string, password = passwordOf(name)): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

/** A line of htpasswd, of a cheap hash. */
export function userLine(name: string, password = passwordOf(name)): string {
  return `${name}:${hashSync(password, 4)}\n`;
}

/** What came back. */
export interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface Ask {
  readonly authorization?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A registry with users, in a folder of its own. */
export class ClosedRegistry implements AsyncDisposable {
  readonly folder: string;
  readonly role: RegistryRole;

  private constructor(folder: string, role: RegistryRole) {
    this.folder = folder;
    this.role = role;
  }

  static async start(
    rules = usualRules,
    options: Partial<RegistryOptions> = {},
  ): Promise<ClosedRegistry> {
    const folder = await mkdtemp(join(tmpdir(), 'docket-access-'));
    await writeFile(join(folder, 'users'), people.map((name) => userLine(name)).join(''));
    await writeFile(join(folder, 'access.yaml'), rules);
    const role = await startRegistry({
      host: '127.0.0.1',
      port: 0,
      peerHost: '127.0.0.1',
      peerPort: 0,
      location: join(folder, 'registry'),
      access: { file: join(folder, 'access.yaml') },
      log: silentLog,
      ...options,
    });
    return new ClosedRegistry(folder, role);
  }

  /** Redirects are not followed; headers are sent as they are. */
  async ask(
    method: string,
    path: string,
    { authorization, headers, body }: Ask = {},
  ): Promise<Got> {
    const url = path.startsWith('http') ? path : this.role.url + path;
    return await new Promise<Got>((resolve, reject) => {
      const sent = request(url, {
        method,
        agent: false,
        headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
      });
      sent.on('error', reject);
      sent.on('response', (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const { statusCode: status = 0, headers: got } = answer;
          resolve({ status, headers: got, body: Buffer.concat(chunks) });
        });
      });
      sent.end(body);
    });
  }

  /** As `ask`, with an expected status; gives the body as JSON. */
  async json(status: number, method: string, path: string, ask: Ask = {}): Promise<unknown> {
    const got = await this.ask(method, path, ask);
    assert.equal(got.status, status, `${method} ${path}: ${got.body.toString()}`);
    return got.body.length === 0 ? undefined : JSON.parse(got.body.toString());
  }

  /** A token for `scopes`. */
  async token(authorization: string | undefined, ...scopes: readonly string[]): Promise<string> {
    const query = new URLSearchParams({ service: 'docket' });
    for (const scope of scopes) query.append('scope', scope);
    const answer = await this.json(200, 'GET', `/token?${query.toString()}`, { authorization });
    return (answer as { readonly token: string }).token;
  }

  /** A robot's secret. */
  async robot(name: string, grants: object, expiresIn?: number): Promise<string> {
    const body = JSON.stringify({
      name,
      grants,
      ...(expiresIn === undefined ? {} : { expiresIn }),
    });
    const headers = { 'content-type': 'application/json' };
    const ask = { authorization: basic('root'), headers, body };
    const answer = await this.json(201, 'POST', '/api/v1/tokens', ask);
    return (answer as { readonly secret: string }).secret;
  }

  /** Pushes an image of one layer as root. */
  async pushImage(repository: string, content: string): Promise<PushedImage> {
    const authorization = basic('root');
    const layer = Buffer.from(content);
    const config = Buffer.from(JSON.stringify({ architecture: 'amd64', of: content }));
    for (const blob of [layer, config]) {
      const path = `/v2/${repository}/blobs/uploads/?digest=${sha256Of(blob)}`;
      const pushed = await this.ask('POST', path, { authorization, body: blob });
      assert.equal(pushed.status, 201);
    }
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: sha256Of(config),
        size: config.length,
      },
      layers: [
        {
          mediaType: 'application/vnd.oci.image.layer.v1.tar',
          digest: sha256Of(layer),
          size: layer.length,
        },
      ],
    });
    const headers = { 'content-type': mediaTypes.ociManifest };
    const put = { authorization, headers, body: manifest };
    assert.equal((await this.ask('PUT', `/v2/${repository}/manifests/v1`, put)).status, 201);
    return {
      repository,
      layer: sha256Of(layer),
      manifest: sha256Of(Buffer.from(manifest)),
      bytes: manifest,
    };
  }

  async writeUsers(text: string): Promise<void> {
    await writeFile(join(this.folder, 'users'), text);
    await this.role.reload?.();
  }

  async writeRules(text: string): Promise<void> {
    await writeFile(join(this.folder, 'access.yaml'), text);
    await this.role.reload?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.role.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface PushedImage {
  readonly repository: string;
  readonly layer: Digest;
  readonly manifest: Digest;
  readonly bytes: string;
}
