import type { Clock } from '../base/clock.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { whenReady } from '../base/maybe-promise.ts';
import type { PeerAddress } from '../torrent/ids.ts';
import { canonicalIp } from '../torrent/ip-address.ts';
import {
  encodeUdpAnnounceAnswer,
  encodeUdpConnectAnswer,
  encodeUdpError,
  encodeUdpScrapeAnswer,
  parseUdpRequest,
  type UdpRequest,
} from '../torrent/udp-tracker.ts';
import { ConnectionIds } from './connection-ids.ts';
import type { DatagramPort } from './datagram-port.ts';
import type { Tracker } from './tracker.ts';

export interface UdpFaceOptions {
  readonly tracker: Tracker;
  readonly port: DatagramPort;
  readonly clock: Clock;
  /** Secret random bytes, at least 16. */
  readonly key: Uint8Array;
  /** The registry's own seeder, as a peer at this IP address reaches it. */
  readonly originFor: (host: string) => MaybePromise<PeerAddress | undefined>;
}

/** Requests whose answer takes time; more are not answered. */
const mostWaiting = 1_000;

/** The torrents of a scrape that are not tracked here: UDP answers have a place for each. */
const nothing = { complete: 0, incomplete: 0, downloaded: 0 };

/**
 * A tracker over UDP (BEP 15). Whoever has not proven that answers reach it is sent 16 bytes for 16, and nothing else: no
 * packet under a false address does harm to its owner.
 */
export class UdpFace {
  readonly #options: UdpFaceOptions;
  readonly #ids: ConnectionIds;
  #waiting = 0;

  constructor(options: UdpFaceOptions) {
    this.#options = options;
    this.#ids = new ConnectionIds(options.clock, options.key);
    options.port.handle((packet, from) => this.#receive(packet, from));
  }

  /** Where it is asked. */
  get port(): number {
    return this.#options.port.port;
  }

  async close(): Promise<void> {
    await this.#options.port.close();
  }

  #receive(packet: Uint8Array, from: PeerAddress): void {
    const request = parseUdpRequest(packet);
    const host = canonicalIp(from.host);
    if (request === undefined || host === undefined) return;
    const { port } = this.#options;
    if (request.kind === 'connect') {
      port.send(encodeUdpConnectAnswer(request.transaction, this.#ids.of(host)), from);
      return;
    }
    if (!this.#ids.proves(host, request.connection)) return;
    const answer = this.#answer(request, host);
    if (!(answer instanceof Promise)) port.send(answer, from);
    else if (this.#waiting < mostWaiting) void this.#sendLater(answer, from);
  }

  async #sendLater(answer: Promise<Buffer>, to: PeerAddress): Promise<void> {
    this.#waiting++;
    try {
      this.#options.port.send(await answer, to);
    } finally {
      this.#waiting--;
    }
  }

  #answer(request: Exclude<UdpRequest, { kind: 'connect' }>, host: string): MaybePromise<Buffer> {
    const { tracker, originFor } = this.#options;
    const failure = (error: unknown): Buffer =>
      encodeUdpError(request.transaction, tracker.reasonOf(error));
    try {
      const answer = whenReady(originFor(host), (origin) =>
        request.kind === 'announce'
          ? this.#announce(request, host, origin)
          : this.#scrape(request, origin),
      );
      return answer instanceof Promise ? answer.catch(failure) : answer;
    } catch (error) {
      return failure(error);
    }
  }

  #announce(
    { announce, transaction }: Extract<UdpRequest, { kind: 'announce' }>,
    host: string,
    origin: PeerAddress | undefined,
  ): MaybePromise<Buffer> {
    const family = host.includes(':') ? 6 : 4;
    const response = this.#options.tracker.introduce(announce, { host }, origin);
    return whenReady(response, (given) => encodeUdpAnnounceAnswer(transaction, given, family));
  }

  #scrape(
    { infoHashes, transaction }: Extract<UdpRequest, { kind: 'scrape' }>,
    origin: PeerAddress | undefined,
  ): MaybePromise<Buffer> {
    const figures = this.#options.tracker.figures(infoHashes, origin);
    return whenReady(figures, (entries) =>
      encodeUdpScrapeAnswer(
        transaction,
        entries.map((entry) => entry ?? nothing),
      ),
    );
  }
}
