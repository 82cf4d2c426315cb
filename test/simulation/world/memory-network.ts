import { randomInteger, type Random } from '../../../src/base/random.ts';
import type { Connection, Listener, Network } from '../../../src/swarm/network.ts';
import { dial } from './dial.ts';
import type { End } from './end.ts';
import type { Process } from './process.ts';
import { Station, type LinkRates } from './station.ts';
import type { Timeline } from './timeline.ts';

/** What the network is like. */
export interface NetworkNature {
  /** Milliseconds from one machine to another, at least and at most: each pair has its own. */
  readonly latency: readonly [number, number];
  /** The most bytes that travel in one go; each fragment's size is drawn anew. */
  readonly fragment: number;
  /** Bytes that may be on their way, or wait for a program that does not read. */
  readonly window: number;
  /** Bytes in a process from which on a writer is told to wait. */
  readonly highWaterMark: number;
}

export interface MemoryListener extends Listener {
  readonly process: Process;
  accept(connection: Connection): void;
}

/** Called with each end that comes to be, and which side dialled. */
export type Watcher = (end: End, isOutgoing: boolean) => void;

/**
 * A network in memory: machines with links of their own, whose connections share them in turn; latency; fragments of any
 * size; windows that make a writer wait; partitions, in which nothing is lost and nothing comes; machines without power.
 */
export class MemoryNetwork {
  readonly highWaterMark: number;
  readonly stations = new Map<string, Station>();
  watch: Watcher = () => {};
  /** Called with the bytes that leave one machine for another. */
  carried: (from: string, to: string, bytes: number) => void = () => {};
  trace: (text: () => string) => void = () => {};
  readonly timeline: Timeline;
  readonly #random: Random;
  readonly #nature: NetworkNature;
  readonly #latencies = new Map<string, number>();
  /** Ways on which nothing comes through, as `from>to`. */
  readonly #cut = new Set<string>();

  constructor(timeline: Timeline, random: Random, nature: NetworkNature) {
    this.timeline = timeline;
    this.#random = random;
    this.#nature = nature;
    this.highWaterMark = nature.highWaterMark;
  }

  station(host: string, rates: LinkRates): Station {
    const station = this.stations.get(host) ?? new Station(host, rates);
    this.stations.set(host, station);
    return station;
  }

  /** The network as a program on that machine sees it. */
  for(station: Station, process: Process): Network {
    return {
      listen: (address, accept) => this.#listen(station, process, address.port, accept),
      connect: (address, timeout, signal) =>
        dial({ network: this, station, process }, address, timeout, signal),
    };
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  mend(from: string, to: string): void {
    if (!this.#cut.delete(`${from}>${to}`)) return;
    for (const end of this.stations.get(from)?.ends ?? []) this.wants(end);
  }

  /** Machines without power do not even refuse; with it again, they tell old friends that they know nothing of them. */
  setDark(station: Station, isDark: boolean): void {
    station.isDark = isDark;
    if (isDark) return;
    for (const end of station.ends)
      if (end.process.isDead)
        this.#later(end, randomInteger(this.#random, 1_000), () => this.#reset(end));
  }

  /** Ends a connection that stands, for both sides, as routers do. */
  break(end: End): void {
    this.trace(() => `the connection ${end.station.host} - ${end.remote.host} breaks`);
    end.other?.ended(true);
    end.ended(true);
  }

  /** An end has something to send, or may again. */
  wants(end: End): void {
    if (end.isQueued || !this.#maySend(end)) return;
    end.isQueued = true;
    end.station.queue.push(end);
    if (!end.station.isSending) this.#send(end.station);
  }

  /** A program closed its end: what is on its way still comes, and then the end of it. */
  left(end: End): void {
    const { other } = end;
    if (other === undefined) return;
    const tell = (): void =>
      this.timeline.plan(this.#arrival(end, other, 0), () => other.ended(false)) && undefined;
    if (this.isCut(end.station, other.station)) this.#onceMended(end, other, tell);
    else tell();
  }

  /** The program of this end was killed: its machine tells the other side, if it still can. */
  died(end: End): void {
    if (end.station.isDark) return;
    end.close();
    this.left(end);
  }

  latency(from: string, to: string): number {
    const key = from < to ? `${from}>${to}` : `${to}>${from}`;
    const known = this.#latencies.get(key);
    if (known !== undefined) return known;
    const [least, most] = this.#nature.latency;
    const drawn = from === to ? 0.05 : least + this.#random() * (most - least);
    this.#latencies.set(key, drawn);
    return drawn;
  }

  /** True when nothing comes from one machine to the other. */
  isCut(from: Station, to: Station): boolean {
    return (
      from.isDark || to.isDark || (this.#cut.size > 0 && this.#cut.has(`${from.host}>${to.host}`))
    );
  }

  #maySend(end: End): boolean {
    return (
      !end.isClosed &&
      end.outboxBytes > 0 &&
      end.other !== undefined &&
      end.unacknowledged < this.#nature.window &&
      !this.isCut(end.station, end.other.station)
    );
  }

  /** Sends one fragment of whoever's turn it is, and goes on when the link is free again. */
  #send(station: Station): void {
    for (;;) {
      const end = station.queue.shift();
      station.isSending = end !== undefined;
      if (end === undefined) return;
      end.isQueued = false;
      const { other } = end;
      if (other === undefined || !this.#maySend(end)) continue;
      const room = this.#nature.window - end.unacknowledged;
      const bytes = end.take(
        Math.min(room, 1 + randomInteger(this.#random, this.#nature.fragment)),
      );
      this.carried(station.host, other.station.host, bytes.length);
      this.timeline.plan(this.#arrival(end, other, bytes.length), () =>
        this.#arrive(end, other, bytes),
      );
      this.timeline.plan(this.timeline.now + bytes.length / station.rates.up, () => {
        end.sentAll();
        this.wants(end);
        this.#send(station);
      });
      return;
    }
  }

  #arrive(from: End, to: End, bytes: Uint8Array): void {
    if (to.station.isDark) return;
    if (!to.isClosed && !to.process.isDead) return to.process.enter(() => to.arrived(bytes));
    // Nobody is there any more: the sender is told, at once and for good.
    if (!from.isClosed)
      this.#later(from, this.latency(to.station.host, from.station.host), () => from.ended(true));
  }

  /** When bytes that leave now have all come in at the other end's machine, which takes in one thing after another. */
  #arrival(from: End, to: End, bytes: number): number {
    const { up } = from.station.rates;
    const { station } = to;
    const first = this.timeline.now + bytes / up + this.latency(from.station.host, station.host);
    station.downFreeAt =
      Math.max(station.downFreeAt, first - bytes / station.rates.down) + bytes / station.rates.down;
    return station.downFreeAt;
  }

  #reset(end: End): void {
    end.close();
    end.other?.ended(true);
  }

  #later(end: End, milliseconds: number, task: () => void): void {
    this.timeline.plan(this.timeline.now + milliseconds, () => {
      if (!end.isClosed) task();
    });
  }

  /** A goodbye into a partition comes through when that is over. */
  #onceMended(end: End, other: End, tell: () => void): void {
    const look = (): void => {
      if (other.isClosed) return;
      if (this.isCut(end.station, other.station)) this.timeline.plan(this.timeline.now + 200, look);
      else tell();
    };
    this.timeline.plan(this.timeline.now + 200, look);
  }

  async #listen(
    station: Station,
    process: Process,
    named: number,
    accept: (connection: Connection) => void,
  ): Promise<Listener> {
    const port = named === 0 ? station.freePort() : named;
    if (station.listeners.has(port))
      throw Object.assign(new Error(`listen EADDRINUSE: address already in use ${port}`), {
        code: 'EADDRINUSE',
      });
    const close = (): void =>
      void (station.listeners.get(port) === listener && station.listeners.delete(port));
    const forget = process.atDeath(close);
    const listener: MemoryListener = {
      port,
      process,
      accept,
      close: () =>
        new Promise((resolve) => {
          close();
          forget();
          process.after(0, resolve);
        }),
    };
    station.listeners.set(port, listener);
    return listener;
  }
}
