import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestFileName, sha256Of, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseRepository, type Repository } from '../oci/reference.ts';
import { metainfoOf } from '../swarm/swarm-fixtures.ts';
import { createMetainfo, encodeMetainfo } from '../torrent/metainfo.ts';

/** An image that the fixture serves. */
export interface FixtureImage {
  readonly repository: Repository;
  readonly manifestDigest: Digest;
  readonly manifest: Buffer;
  readonly config: Digest;
  readonly layers: readonly Digest[];
}

interface Manifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/**
 * For tests: a registry that pulls can be made from, and that goes wrong when told to. It serves torrents, whose only
 * source is itself as web seed, of the blobs for which `addTorrent` was called.
 */
export class RegistryFixture implements AsyncDisposable {
  /** `GET /v2/…` of each request that came. */
  readonly requests: string[] = [];
  /** Answers in place of the registry when it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  /** Breaks the connection after so many bytes of a blob, this many times. */
  cut = { after: 0, times: 0 };
  knowsRanges = true;
  readonly #blobs = new Map<string, Buffer>();
  readonly #torrents = new Map<string, Buffer>();
  readonly #manifests = new Map<string, Manifest>();
  readonly #server: Server;
  #port = 0;

  private constructor() {
    this.#server = createServer((request, response) => this.#handle(request, response));
  }

  static async start(): Promise<RegistryFixture> {
    const fixture = new RegistryFixture();
    await fixture.listen();
    return fixture;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#port}`);
  }

  /** Comes (back) to life, on the same port as before. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Dies: connections are refused until `listen`. */
  async die(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  addBlob(bytes: Buffer): Digest {
    const digest = sha256Of(bytes);
    this.#blobs.set(digest, bytes);
    return digest;
  }

  /** Serves `bytes` under a digest that may not be theirs. */
  setBlob(digest: Digest, bytes: Buffer): void {
    this.#blobs.set(digest, bytes);
  }

  /** Serves the torrent of `bytes`, which are by right those of `digest`, as the torrent of that. */
  addTorrent(
    bytes: Buffer,
    digest: Digest = sha256Of(bytes),
    webSeeds: readonly string[] = [],
  ): void {
    const metainfo = createMetainfo({ ...metainfoOf(bytes), name: digestFileName(digest) });
    this.#torrents.set(digest, encodeMetainfo(metainfo, { webSeeds }));
  }

  addImage(repository: string, tag: string, layers: readonly Buffer[]): FixtureImage {
    const config = this.addBlob(Buffer.from(`{"architecture":"amd64","os":"linux","of":"${tag}"}`));
    const digests = layers.map((bytes) => this.addBlob(bytes));
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: { ...this.#descriptor(config), mediaType: mediaTypes.ociConfig },
        layers: digests.map((digest) => ({
          ...this.#descriptor(digest),
          mediaType: mediaTypes.ociLayer,
        })),
      }),
    );
    const manifestDigest = this.addManifest(repository, tag, mediaTypes.ociManifest, manifest);
    return {
      repository: parseRepository(repository),
      manifestDigest,
      manifest,
      config,
      layers: digests,
    };
  }

  addManifest(repository: string, tag: string, mediaType: string, bytes: Buffer): Digest {
    const digest = sha256Of(bytes);
    this.#manifests.set(`${repository}/manifests/${tag}`, { mediaType, bytes });
    this.#manifests.set(`${repository}/manifests/${digest}`, { mediaType, bytes });
    return digest;
  }

  /** The requests so far that `pattern` fits. */
  count(pattern: RegExp): number {
    return this.requests.filter((line) => pattern.test(line)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.die();
  }

  #descriptor(digest: Digest): { digest: Digest; size: number } {
    return { digest, size: this.#blobs.get(digest)?.length ?? 0 };
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '';
    this.requests.push(`${request.method} ${target}`);
    if (this.intercept(request, response)) return;
    const [path = ''] = target.split('?', 1);
    const last = path.slice(path.lastIndexOf('/') + 1);
    const manifest = this.#manifests.get(path.slice('/v2/'.length));
    if (manifest !== undefined) {
      response.setHeader('content-type', manifest.mediaType);
      response.setHeader('docker-content-digest', sha256Of(manifest.bytes));
      response.setHeader('content-length', manifest.bytes.length);
      response.end(request.method === 'HEAD' ? undefined : manifest.bytes);
    } else if (path.includes('/_docket/torrents/') && this.#torrents.has(last)) {
      response.end(this.#torrents.get(last));
    } else if (path.includes('/blobs/') && this.#blobs.has(last)) {
      this.#blob(request, response, this.#blobs.get(last) as Buffer);
    } else if (path.endsWith('/tags/list')) {
      this.#tags(path, response);
    } else {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[]}');
    }
  }

  #blob(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const isPart = from !== undefined && this.knowsRanges;
    const first = isPart ? Number(from) : 0;
    const end = isPart && to !== '' ? Number(to) + 1 : bytes.length;
    response.writeHead(isPart ? 206 : 200, {
      'content-length': end - first,
      ...(isPart && { 'content-range': `bytes ${first}-${end - 1}/${bytes.length}` }),
    });
    if (request.method === 'HEAD') return void response.end();
    if (this.cut.times === 0 || this.cut.after >= end - first) {
      return void response.end(bytes.subarray(first, end));
    }
    this.cut = { ...this.cut, times: this.cut.times - 1 };
    response.write(bytes.subarray(first, first + this.cut.after), () => response.destroy());
    return undefined;
  }

  #tags(path: string, response: ServerResponse): void {
    const prefix = `${path.slice('/v2/'.length, -'tags/list'.length)}manifests/`;
    const tags = [...this.#manifests.keys()]
      .filter((key) => key.startsWith(prefix) && !key.includes(':'))
      .map((key) => key.slice(prefix.length));
    response.setHeader('content-type', 'application/json');
    response.setHeader('link', `<${path}?last=x&n=1>; rel="next"`);
    response.end(JSON.stringify({ name: 'as the registry calls it', tags }));
  }
}
