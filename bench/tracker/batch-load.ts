import { connect, type Socket } from 'node:net';
import {
  batchContentType,
  encodeAnnounceBatch,
  parseAnnounceBatchResponse,
} from '../../src/torrent/announce-batch.ts';
import type { CrowdHost } from './crowd.ts';
import type { Load, LoadJob, Tally } from './load.ts';

/** Every so many answers one is read to its end. */
const inspected = 16;

/** Announces many torrents in one request, one request at a time, on one connection. */
export class BatchLoad implements Load {
  readonly #host: CrowdHost;
  readonly #job: LoadJob;
  readonly #tally: Tally;
  readonly #requests: Buffer[] = [];
  #sent = 0;
  #socket: Socket | undefined;
  #parts: Buffer[] = [];
  #length = 0;
  #isStopped = false;

  constructor(host: CrowdHost, job: LoadJob, tally: Tally) {
    this.#host = host;
    this.#job = job;
    this.#tally = tally;
  }

  start(): void {
    const { host, port } = this.#job;
    this.#socket = connect({ host, port, localAddress: this.#host.address, noDelay: true });
    this.#socket.on('connect', () => this.#send());
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#failed(error.message));
    this.#socket.on('close', () => this.#failed('closed'));
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket?.destroy();
  }

  #send(): void {
    const round = this.#sent++ % Math.ceil(this.#host.size / this.#job.batch);
    this.#requests[round] ??= this.#request();
    this.#socket?.write(this.#requests[round]);
  }

  #request(): Buffer {
    const announces = Array.from({ length: this.#job.batch }, () => this.#host.next(undefined));
    const [first] = announces;
    if (first === undefined) throw new Error('a batch has torrents');
    const { peerId, port, zone } = first;
    // One peer announces all: those of the host that differ by their port come in other batches.
    const body = encodeAnnounceBatch({ peerId, port, zone, torrents: announces });
    const head =
      `POST /announce HTTP/1.1\r\nHost: tracker\r\nContent-Type: ${batchContentType}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), body]);
  }

  #receive(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    const whole = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#length);
    const head = whole.indexOf('\r\n\r\n');
    if (head === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(whole.toString('latin1', 0, head))?.[1]);
    if (whole.length < head + 4 + length) return;
    this.#parts = [];
    this.#length = 0;
    this.#count(whole.subarray(head + 4));
    this.#send();
  }

  #count(body: Buffer): void {
    if (this.#sent % inspected !== 0) {
      this.#tally.answered += this.#job.batch;
      return;
    }
    try {
      const { torrents } = parseAnnounceBatchResponse(body, this.#job.batch);
      for (const torrent of torrents) {
        if ('failure' in torrent) throw new Error(torrent.failure);
        this.#tally.answered++;
        this.#tally.peers += torrent.peers.length * inspected;
      }
    } catch (error) {
      this.#failed(String(error));
    }
  }

  #failed(reason: string): void {
    if (this.#isStopped) return;
    this.#tally.failed++;
    this.#tally.firstFailure ??= reason;
  }
}
