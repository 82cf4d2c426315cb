import { abortable } from '../base/abortable.ts';
import type { Clock } from '../base/clock.ts';
import { randomInteger, type Random } from '../base/random.ts';
import type { AnnounceRequest, AnnounceResponse } from '../torrent/announce.ts';
import { withoutBrackets } from '../torrent/ip-address.ts';
import { TrackerError, trackerUnreachable } from '../torrent/tracker-error.ts';
import {
  encodeUdpAnnounce,
  encodeUdpConnect,
  parseUdpAnswer,
  type UdpAnswer,
} from '../torrent/udp-tracker.ts';
import type { DatagramChannel, Datagrams } from './datagrams.ts';

export interface UdpTrackerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly datagrams: Datagrams;
}

/** Milliseconds that each attempt waits. BEP 15 begins with 15 s: a host that wants an image has no time for that. */
const patience = [1_000, 2_000, 4_000, 8_000];
/** A connection id is used for so long (BEP 15). */
const connectionLasts = 60_000;
/** The socket is closed when nothing was asked for so long. */
const idleAfter = 120_000;

/** One UDP tracker: its socket, and the number by which it knows us. */
export class UdpTracker {
  readonly #name: string;
  readonly #host: string;
  readonly #port: number;
  readonly #options: UdpTrackerOptions;
  /** Tells this peer to the tracker over all its addresses. */
  readonly #key: number;
  readonly #pending = new Map<number, (answer: UdpAnswer | Error) => void>();
  #channel: Promise<DatagramChannel> | undefined;
  #connecting: Promise<Uint8Array | undefined> | undefined;
  #connection: { readonly id: Uint8Array; readonly until: number } | undefined;
  #cancelIdle = (): void => {};

  constructor(url: URL, options: UdpTrackerOptions) {
    this.#name = url.host;
    this.#host = withoutBrackets(url.hostname);
    this.#port = Number(url.port);
    this.#options = options;
    this.#key = this.#draw();
  }

  /** Rejects with a TrackerError, or the signal's reason. */
  async announce(
    request: AnnounceRequest,
    urlData: string,
    signal: AbortSignal,
  ): Promise<AnnounceResponse> {
    signal.throwIfAborted();
    this.#cancelIdle();
    // The same for all attempts, so that a late answer to an early one counts too.
    const transaction = this.#transaction();
    try {
      for (const milliseconds of patience) {
        const before = this.#connection?.id;
        const connection = await this.#connect(milliseconds, signal);
        if (connection === undefined) continue;
        const packet = encodeUdpAnnounce(connection, transaction, request, {
          key: this.#key,
          urlData,
        });
        const answer = await abortable(this.#ask(transaction, packet, milliseconds), signal);
        if (answer?.kind === 'announce') return answer.response;
        // A tracker that was restarted knows the old number no more, and some say nothing then.
        this.#connection = undefined;
        if (answer?.kind === 'error' && connection !== before)
          throw new TrackerError('TRACKER_REFUSED', answer.message);
      }
    } finally {
      if (this.#pending.size === 0) {
        this.#cancelIdle = this.#options.clock.after(idleAfter, () => this.close());
      }
    }
    throw new TrackerError('TRACKER_TIMEOUT', `the tracker ${this.#name} did not answer in time`);
  }

  /** Closes the socket. Another announce opens it again. */
  close(): void {
    this.#cancelIdle();
    this.#drop(new TrackerError('TRACKER_UNREACHABLE', `the tracker ${this.#name} was left`));
  }

  /** The number that proves our address, of the announce before or new; undefined when the tracker is silent. */
  async #connect(milliseconds: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (this.#connection !== undefined && this.#connection.until > this.#options.clock.now()) {
      return this.#connection.id;
    }
    this.#connecting ??= this.#askForConnection(milliseconds).finally(() => {
      this.#connecting = undefined;
    });
    return await abortable(this.#connecting, signal);
  }

  async #askForConnection(milliseconds: number): Promise<Uint8Array | undefined> {
    const transaction = this.#transaction();
    const answer = await this.#ask(transaction, encodeUdpConnect(transaction), milliseconds);
    if (answer?.kind === 'error') throw new TrackerError('TRACKER_REFUSED', answer.message);
    if (answer?.kind !== 'connect') return undefined;
    const until = this.#options.clock.now() + connectionLasts;
    this.#connection = { id: answer.connection, until };
    return answer.connection;
  }

  /** Sends a packet and waits for its answer; undefined when none comes in time. */
  async #ask(
    transaction: number,
    packet: Uint8Array,
    milliseconds: number,
  ): Promise<UdpAnswer | undefined> {
    const channel = await this.#open();
    return await new Promise((resolve, reject) => {
      const end = (answer: UdpAnswer | Error | undefined): void => {
        cancel();
        this.#pending.delete(transaction);
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      };
      const cancel = this.#options.clock.after(milliseconds, () => end(undefined));
      this.#pending.set(transaction, end);
      channel.send(packet);
    });
  }

  async #open(): Promise<DatagramChannel> {
    this.#channel ??= this.#options.datagrams.open(this.#host, this.#port, {
      packet: (packet) => void this.#heard(packet),
      failed: (error) => this.#drop(trackerUnreachable(this.#name, error)),
    });
    try {
      return await this.#channel;
    } catch (error) {
      this.#channel = undefined;
      throw trackerUnreachable(this.#name, error);
    }
  }

  async #heard(packet: Uint8Array): Promise<void> {
    const channel = await this.#channel;
    if (channel === undefined) return;
    const answer = parseUdpAnswer(packet, channel.family);
    if (answer !== undefined) this.#pending.get(answer.transaction)?.(answer);
  }

  #drop(reason: TrackerError): void {
    const channel = this.#channel;
    this.#channel = undefined;
    this.#connection = undefined;
    void channel?.then((open) => open.close()).catch(() => {});
    for (const tell of this.#pending.values()) tell(reason);
  }

  #transaction(): number {
    for (;;) {
      const transaction = this.#draw();
      if (!this.#pending.has(transaction)) return transaction;
    }
  }

  #draw(): number {
    return randomInteger(this.#options.random, 2 ** 32);
  }
}
