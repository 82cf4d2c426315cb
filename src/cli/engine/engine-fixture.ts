import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { unpackTar } from 'modern-tar';
import { sha256Of } from '../../oci/digest.ts';
import { testFolder } from '../image/image-fixtures.ts';

/** How an engine behaves. */
export interface EngineBehaviour {
  /** What `Api-Version` says; undefined leaves it out. */
  readonly apiVersion?: string | undefined;
  /** What `POST /images/load` answers instead of loading; the text `cut` breaks the connection. */
  readonly loadAnswer?: string;
  /** Bytes after which `GET /images/…/get` breaks the connection. */
  readonly cutSaveAfter?: number;
  /** What image inspection answers instead of the ID. */
  readonly id?: string;
}

/** An engine's HTTP API on a unix socket, that loads and saves images but cannot run them. */
export class EngineFixture {
  /** As DOCKER_HOST takes it. */
  readonly address: string;
  /** `METHOD path` of each request so far. */
  readonly requests: string[] = [];
  readonly loaded: Uint8Array[] = [];
  readonly #behaviour: EngineBehaviour;
  readonly #images = new Map<string, { readonly id: string; readonly tar: Uint8Array }>();

  private constructor(address: string, behaviour: EngineBehaviour) {
    this.address = address;
    this.#behaviour = behaviour;
  }

  static async start(t: TestContext, behaviour: EngineBehaviour = {}): Promise<EngineFixture> {
    const socket = path.join(await testFolder(t), 'engine.sock');
    const engine = new EngineFixture(`unix://${socket}`, {
      apiVersion: '1.41',
      ...behaviour,
    });
    const server = createServer((request, response) => {
      engine.#answer(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => void server.listen(socket, resolve));
    t.after(() => closeServer(server));
    return engine;
  }

  /** Gives the engine an image; `tar` is what it is saved as. */
  add(name: string, id: string, tar: Uint8Array): void {
    this.#images.set(name, { id, tar });
    this.#images.set(id, { id, tar });
  }

  idOf(name: string): string | undefined {
    return this.#images.get(name)?.id;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    this.requests.push(`${method} ${url}`);
    const { apiVersion } = this.#behaviour;
    if (apiVersion !== undefined) response.setHeader('api-version', apiVersion);
    const [route = '', query] = url.replace(/^\/v\d+\.\d+/, '').split('?');
    if (route === '/_ping') return void response.end('OK');
    if (route === '/images/load') return await this.#load(request, response);
    const [, name = '', verb] = /^\/images\/(.+)\/(json|get|tag)$/.exec(route) ?? [];
    const image = this.#images.get(decodeURIComponent(name));
    if (image === undefined) {
      response.statusCode = 404;
      return void response.end(JSON.stringify({ message: `No such image: ${name}` }));
    }
    if (verb === 'json') {
      return void response.end(JSON.stringify({ Id: this.#behaviour.id ?? image.id }));
    }
    if (verb === 'tag') {
      const parameters = new URLSearchParams(query);
      this.#images.set(`${parameters.get('repo')}:${parameters.get('tag')}`, image);
      response.statusCode = 201;
      return void response.end();
    }
    const { cutSaveAfter } = this.#behaviour;
    response.setHeader('content-type', 'application/x-tar');
    if (cutSaveAfter === undefined) return void response.end(image.tar);
    response.write(image.tar.subarray(0, cutSaveAfter), () => response.destroy());
  }

  async #load(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { loadAnswer } = this.#behaviour;
    if (loadAnswer === 'cut') return void request.once('data', () => response.destroy());
    const tar = Buffer.concat(await request.toArray());
    this.loaded.push(tar);
    response.setHeader('content-type', 'application/json');
    if (loadAnswer !== undefined) return void response.end(loadAnswer);
    const files = new Map(
      (await unpackTar(tar)).map(({ header, data }) => [header.name, Buffer.from(data ?? [])]),
    );
    const list = JSON.parse(String(files.get('manifest.json'))) as {
      Config: string;
      RepoTags: string[] | null;
    }[];
    for (const { Config, RepoTags } of list) {
      const id = sha256Of(files.get(Config) ?? Buffer.alloc(0));
      this.add(id, id, tar);
      for (const tag of RepoTags ?? []) this.add(tag, id, tar);
    }
    response.end('{"stream":"Loaded image: x\\n"}\n');
  }
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
}
