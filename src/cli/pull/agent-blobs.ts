import { Agent } from 'undici';
import { RegistryLogin, type Credentials } from '../../agent/upstream/registry-login.ts';
import { systemClock } from '../../base/clock.ts';
import { isJsonObject } from '../../oci/descriptor.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import type { Repository } from '../../oci/reference.ts';
import { storedFile } from '../image/file-bytes.ts';
import type { StoredFile } from '../image/image-source.ts';
import { SpoolFolder } from '../location.ts';
import { printable } from '../terminal/printable.ts';
import { RateMeter } from '../terminal/rate-meter.ts';
import { askAgent } from './find-agent.ts';
import type { BlobSource, FetchProgress } from './blob-source.ts';
import { fetchHttpBlob } from './http-blob.ts';

export interface AgentBlobsOptions {
  /** The agent's URL without a slash at the end. */
  readonly agent: string;
  /** The registry's, for what the agent fails to give. */
  readonly registry: string;
  /** Who we are there; default: nobody. */
  readonly credentials?: () => Promise<Credentials | undefined>;
  readonly location: string;
  readonly onNote: (text: string) => void;
}

const askInterval = 300;
/** An agent answers at once, and goes on from the registry long before this when its swarm does not help. */
const stallTimeout = 90_000;

/** Gets blobs from this host's agent, which takes part in the swarms and keeps them for others. */
export class AgentBlobs implements BlobSource {
  readonly description: string;
  readonly #options: AgentBlobsOptions;
  readonly #spool: SpoolFolder;
  readonly #login: RegistryLogin;
  readonly #dispatcher = new Agent({
    connect: { timeout: 5000 },
    headersTimeout: stallTimeout,
    bodyTimeout: stallTimeout,
  });
  /** The agent's word on its downloads, by digest. */
  #told: ReadonlyMap<string, FetchProgress> = new Map();
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: AgentBlobsOptions, spool: SpoolFolder) {
    this.#options = options;
    this.#spool = spool;
    this.#login = new RegistryLogin({
      registry: new URL(options.registry),
      credentials: options.credentials ?? (() => Promise.resolve(undefined)),
      clock: systemClock,
    });
    this.description = `the agent at ${options.agent}`;
    this.#timer = setInterval(() => void this.#ask(), askInterval);
    this.#timer.unref();
  }

  static async start(options: AgentBlobsOptions): Promise<AgentBlobs> {
    return new AgentBlobs(options, await SpoolFolder.create(options.location));
  }

  async fetch(
    repository: Repository,
    blob: Descriptor,
    onProgress: (progress: FetchProgress) => void,
    signal: AbortSignal,
  ): Promise<StoredFile> {
    const { agent, registry, onNote } = this.#options;
    const path = this.#spool.next();
    const meter = new RateMeter();
    let received = 0;
    const tell = (): void => onProgress(this.#progress(blob, received, meter.rate(received)));
    const timer = setInterval(tell, askInterval);
    try {
      await fetchHttpBlob(blob, {
        urls: [agent, registry].map((url) => `${url}/v2/${repository}/blobs/${blob.digest}`),
        dispatcher: this.#dispatcher,
        login: this.#login,
        path,
        signal,
        onBytes: (bytes) => {
          received = bytes;
        },
        onFailure: (url, reason) => {
          if (url.startsWith(`${agent}/`)) {
            onNote(
              `The agent failed (${printable(reason)}); fetching ${blob.digest} from the registry`,
            );
          }
        },
      });
    } finally {
      clearInterval(timer);
    }
    tell();
    return storedFile(path, blob.size);
  }

  async forget(): Promise<void> {}

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#dispatcher.destroy();
    await this.#login.close();
    await this.#spool.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #progress(blob: Descriptor, received: number, rate: number): FetchProgress {
    const told = this.#told.get(blob.digest);
    return {
      // The agent hands bytes over in order, but fetches them in any.
      verified: Math.max(received, told?.verified ?? 0),
      pieceCount: told?.pieceCount ?? 0,
      piecesVerified: told?.piecesVerified ?? 0,
      peers: told?.peers ?? 0,
      rate: told === undefined || told.rate === 0 ? rate : told.rate,
      bytesFromPeers: told?.bytesFromPeers ?? 0,
      bytesFromRegistry: told?.bytesFromRegistry ?? 0,
    };
  }

  /** Only for what is shown: the pull itself does not depend on it. */
  async #ask(): Promise<void> {
    const answer = await askAgent(this.#options.agent, '/api/v1/downloads', this.#dispatcher);
    const downloads = isJsonObject(answer) ? answer['downloads'] : undefined;
    if (!Array.isArray(downloads)) return;
    this.#told = new Map(
      downloads.filter(isJsonObject).map((item) => [String(item['digest']), progressIn(item)]),
    );
  }
}

function progressIn(item: Readonly<Record<string, unknown>>): FetchProgress {
  const number = (key: string): number => {
    const value = item[key];
    return typeof value === 'number' ? value : 0;
  };
  return {
    verified: number('verified'),
    pieceCount: number('pieceCount'),
    piecesVerified: number('piecesVerified'),
    peers: number('peers'),
    rate: number('rate'),
    bytesFromPeers: number('bytesFromPeers'),
    bytesFromRegistry: number('bytesFromRegistry'),
  };
}
