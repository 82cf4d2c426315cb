import { Allowance } from '../base/allowance.ts';
import type { Clock } from '../base/clock.ts';
import { Crowd } from './crowd.ts';

/** How many connections are taken, and how fast. */
export interface AdmissionLimits {
  /** Connections that others opened; default 2000. */
  readonly connections?: number;
  /** Of these, such that have not said who they are; default 512. */
  readonly greeting?: number;
  /** New connections a second, from all and from one address; default 1000 and 200. Five times as many may come at once. */
  readonly perSecond?: number;
  readonly perSecondOfHost?: number;
}

/** A connection's place among all. */
export interface Place {
  /** It has said who it is. */
  readonly greeted: () => void;
  /** It is over. */
  readonly leave: () => void;
}

/** How many seconds' worth may come at once: a fleet starts in one moment. */
const burstSeconds = 5;
/** Addresses after which those that came seldom are forgotten. */
const mostHosts = 1_000;

/** Decides whether a connection that comes is taken, before anything is read from it. */
export class Admission {
  readonly #clock: Clock;
  readonly #taken: Crowd;
  readonly #greeting: Crowd;
  readonly #perSecondOfHost: number;
  readonly #rate: Allowance;
  readonly #rates = new Map<string, Allowance>();
  #forgotAt = 0;

  constructor(clock: Clock, limits: AdmissionLimits = {}) {
    this.#clock = clock;
    this.#taken = new Crowd(limits.connections ?? 2_000);
    this.#greeting = new Crowd(limits.greeting ?? 512);
    this.#perSecondOfHost = limits.perSecondOfHost ?? 200;
    this.#rate = allowance(limits.perSecond ?? 1_000, clock.now());
  }

  /** Connections that were taken and are not over. */
  get size(): number {
    return this.#taken.size;
  }

  /** Addresses whose rate is known. */
  get hosts(): number {
    return this.#rates.size;
  }

  /** The place of a connection from this address; undefined: it must go. */
  enter(host: string): Place | undefined {
    if (!this.#taken.hasRoomFor(host) || !this.#greeting.hasRoomFor(host)) return undefined;
    if (!this.#isSlowEnough(host)) return undefined;
    this.#taken.add(host);
    this.#greeting.add(host);
    let isGreeting = true;
    let isHere = true;
    const greeted = (): void => {
      if (isGreeting) this.#greeting.remove(host);
      isGreeting = false;
    };
    const leave = (): void => {
      greeted();
      if (isHere) this.#taken.remove(host);
      isHere = false;
    };
    return { greeted, leave };
  }

  #isSlowEnough(host: string): boolean {
    const now = this.#clock.now();
    let rate = this.#rates.get(host);
    if (rate === undefined) {
      if (this.#rates.size >= mostHosts && now - this.#forgotAt > 1_000) this.#forget(now);
      rate = allowance(this.#perSecondOfHost, now);
      // So many at once that none can be forgotten: all together they are still bounded.
      if (this.#rates.size < 2 * mostHosts) this.#rates.set(host, rate);
    }
    return rate.take(now) && this.#rate.take(now);
  }

  #forget(now: number): void {
    this.#forgotAt = now;
    for (const [host, rate] of this.#rates) if (rate.isFull(now)) this.#rates.delete(host);
  }
}

function allowance(perSecond: number, now: number): Allowance {
  return new Allowance(perSecond, perSecond * burstSeconds, now);
}
