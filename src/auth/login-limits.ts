import type { Clock } from '../base/clock.ts';
import { networkOf } from '../torrent/ip-address.ts';
import { AuthError } from './auth-error.ts';

/** Wrong passwords that are let pass at once, and milliseconds until one more is. */
interface Limit {
  readonly burst: number;
  readonly every: number;
}

/** For one name from one network; for all names from it: behind it may be a whole company. */
const perName: Limit = { burst: 10, every: 6_000 };
const perNetwork: Limit = { burst: 100, every: 1_000 };
const mostKept = 20_000;

/** Bounds how many wrong passwords a network can try. A right one is never counted. */
export class LoginLimits {
  readonly #clock: Clock;
  /** When the last of the failures is forgotten; those that failed the longest ago first. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws AuthError LOGIN_LIMITED when too many failed already. */
  expectRoom(address: string, name: string): void {
    const network = networkOf(address);
    if (this.#isFull(network, perNetwork) || this.#isFull(`${network} ${name}`, perName)) {
      throw new AuthError('LOGIN_LIMITED', 'too many wrong passwords came: try again later');
    }
  }

  failed(address: string, name: string): void {
    const network = networkOf(address);
    this.#count(network, perNetwork);
    this.#count(`${network} ${name}`, perName);
  }

  #isFull(key: string, { burst, every }: Limit): boolean {
    return (this.#until.get(key) ?? 0) - this.#clock.now() > (burst - 1) * every;
  }

  #count(key: string, { every }: Limit): void {
    const now = this.#clock.now();
    const until = Math.max(now, this.#until.get(key) ?? 0) + every;
    this.#until.delete(key);
    this.#until.set(key, until);
    for (const [other, end] of this.#until) {
      if (end > now && this.#until.size <= mostKept) break;
      this.#until.delete(other);
    }
  }
}
