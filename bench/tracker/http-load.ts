import { connect, type Socket } from 'node:net';
import { type AnnounceRequest, encodeAnnounceQuery } from '../../src/torrent/announce.ts';
import type { CrowdHost } from './crowd.ts';
import type { Load, LoadJob, Tally } from './load.ts';

/**
 * Announces over HTTP, one request at a time, on a connection that is kept as long as the tracker keeps it. Queries are
 * made once, and answers are read no further than it takes to see that they are right.
 */
export class HttpLoad implements Load {
  readonly #host: CrowdHost;
  readonly #job: LoadJob;
  readonly #tally: Tally;
  readonly #requests: string[] = [];
  #sent = 0;
  #socket: Socket | undefined;
  #text = '';
  #isStopped = false;

  constructor(host: CrowdHost, job: LoadJob, tally: Tally) {
    this.#host = host;
    this.#job = job;
    this.#tally = tally;
  }

  start(): void {
    this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket?.destroy();
  }

  #connect(): void {
    if (this.#isStopped) return;
    const { host, port } = this.#job;
    const socket = connect({ host, port, localAddress: this.#host.address, noDelay: true });
    this.#socket = socket;
    this.#text = '';
    let isAnswered = false;
    socket.on('connect', () => this.#send());
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      if (!this.#isWhole()) return;
      isAnswered = true;
      this.#text = '';
      if (!socket.writableEnded) this.#send();
    });
    socket.on('error', (error) => this.#failed(error.message));
    socket.on('close', () => {
      if (!isAnswered) this.#failed('closed without an answer');
      this.#connect();
    });
    // The tracker keeps no connection: what was sent on it after the answer is sent again on the next.
    socket.on('end', () => socket.destroy());
  }

  #send(): void {
    const at = this.#sent++ % this.#host.size;
    let request = this.#requests[at];
    if (request === undefined) {
      const first = this.#host.next('started');
      request = requestOf(first);
      this.#requests[at] = requestOf({ ...first, event: undefined });
    }
    this.#socket?.write(request, 'latin1');
  }

  /** True when a whole answer is there, which is then counted. */
  #isWhole(): boolean {
    const head = this.#text.indexOf('\r\n\r\n');
    if (head === -1) return false;
    const lengthAt = this.#text.search(/content-length: /i);
    const length = Number.parseInt(this.#text.slice(lengthAt + 16, lengthAt + 24), 10);
    if (this.#text.length < head + 4 + length) return false;
    const peersAt = this.#text.indexOf('5:peers', head);
    if (peersAt === -1) {
      this.#failed(this.#text.slice(head + 4));
      return true;
    }
    this.#tally.answered++;
    this.#tally.peers += Number.parseInt(this.#text.slice(peersAt + 7, peersAt + 11), 10) / 6;
    return true;
  }

  #failed(reason: string): void {
    if (this.#isStopped) return;
    this.#tally.failed++;
    this.#tally.firstFailure ??= reason;
  }
}

function requestOf(announce: AnnounceRequest): string {
  const query = encodeAnnounceQuery(announce);
  return `GET /announce?${query} HTTP/1.1\r\nHost: tracker\r\nUser-Agent: bench\r\n\r\n`;
}
