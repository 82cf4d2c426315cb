import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { silentLog } from '../../src/base/log.ts';
import { sha256Of, type Digest } from '../../src/oci/digest.ts';
import { startRegistry, type RegistryOptions } from '../../src/server/registry-role.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Send the body chunked, without saying how long it is. */
  readonly chunked?: boolean;
}

/** A registry that was really started, and a plain HTTP client for it that adds nothing to a request. */
export class RegistryUnderTest implements AsyncDisposable {
  readonly url: string;
  readonly location: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #close: () => Promise<void>;

  private constructor(url: string, location: string, close: () => Promise<void>) {
    this.url = url;
    this.location = location;
    this.#close = close;
  }

  /** Starts it on loopback; `cleanUp` runs when it is closed. */
  static async start(
    options: Pick<RegistryOptions, 'location'> & Partial<RegistryOptions>,
    cleanUp: () => Promise<void>,
  ): Promise<RegistryUnderTest> {
    const role = await startRegistry({
      host: '127.0.0.1',
      port: 0,
      peerHost: '127.0.0.1',
      peerPort: 0,
      log: silentLog,
      ...options,
    });
    return new RegistryUnderTest(role.url, options.location, async () => {
      await role.close();
      await cleanUp();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.#close();
  }

  async call(method: string, path: string, call: Call = {}): Promise<Answer> {
    const { headers = {}, body, chunked = false } = call;
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const { hostname, port } = new URL(this.url);
    // The path goes out as it is, not normalised.
    const outgoing = request({
      hostname,
      port,
      path,
      method,
      agent: this.#agent,
      headers: { ...(chunked ? { 'Transfer-Encoding': 'chunked' } : length), ...headers },
    });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of incoming as AsyncIterable<Buffer>) parts.push(part);
    return {
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: Buffer.concat(parts),
    };
  }

  /** A call that must be answered with `status`. */
  async expect(status: number, method: string, path: string, call?: Call): Promise<Answer> {
    const answer = await this.call(method, path, call);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.body.toString()}`);
    return answer;
  }

  /** A call that must fail with `status` and the distribution-spec's `code`. */
  async refuses(status: number, code: string, method: string, path: string, call?: Call) {
    const answer = await this.expect(status, method, path, call);
    assert.equal(answer.headers['content-type'], 'application/json');
    if (method !== 'HEAD') assert.equal(jsonOf(answer)['errors'][0].code, code);
    return answer;
  }

  /** Begins an upload and gives its location. */
  async begin(name: string): Promise<string> {
    return locationOf(await this.expect(202, 'POST', `/v2/${name}/blobs/uploads/`));
  }

  /** Pushes a blob in the shortest way. */
  async pushBlob(name: string, body: Uint8Array): Promise<Digest> {
    const digest = sha256Of(body);
    await this.expect(201, 'POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body });
    return digest;
  }

  /** Pushes a manifest, whose type stands in it. */
  async pushManifest(name: string, reference: string, document: object): Promise<Answer> {
    const mediaType = 'mediaType' in document ? String(document.mediaType) : '';
    return await this.expect(201, 'PUT', `/v2/${name}/manifests/${reference}`, {
      body: JSON.stringify(document),
      headers: { 'Content-Type': mediaType },
    });
  }
}

export function locationOf(answer: Answer): string {
  const { location } = answer.headers;
  assert.match(location ?? '', /^\/v2\//);
  return location ?? '';
}

// oxlint-disable-next-line typescript/no-explicit-any -- what a test asserts of an answer is not known to the compiler
export function jsonOf(answer: Answer): any {
  return JSON.parse(answer.body.toString());
}

/** Adds a parameter to a location, which may have a query of its own. */
export function withQuery(location: string, query: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}${query}`;
}
