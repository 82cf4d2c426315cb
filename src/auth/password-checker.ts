import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { remember } from '../base/remember.ts';
import { AuthError } from './auth-error.ts';
import type { PasswordHashes } from './htpasswd.ts';

export interface PasswordCheckerParts {
  /** Whether a password has a bcrypt hash: takes a tenth of a second of a processor. */
  readonly compare: (password: string, hash: string) => Promise<boolean>;
  readonly clock: Clock;
}

/** Milliseconds that a verdict holds. */
const verdictLasts = 600_000;
const mostVerdicts = 10_000;
/** Comparisons that may wait; more is a flood. */
const mostWaiting = 64;
const longestPassword = 1024;
/** Of a password that nobody has: whoever does not exist takes as long to be refused as whoever does. */
const nobodysHash = '$2b$10$abcdefghijklmnopqrstuuMOr2qdVdrfcWmhi2fkGwb5.ZLPzlVqm';

/** Checks passwords, one at a time; clients send the same one with every request, so verdicts are remembered. */
export class PasswordChecker {
  readonly #parts: PasswordCheckerParts;
  /** Verdicts are kept under a keyed hash: what is in memory tells no password. */
  readonly #key = randomBytes(32);
  readonly #verdicts = new Map<string, { readonly isRight: boolean; readonly until: number }>();
  readonly #under = new Map<string, Promise<boolean>>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: PasswordCheckerParts) {
    this.#parts = parts;
  }

  /** The verdict of before, at once; undefined when there is none. */
  known(users: PasswordHashes, name: string, password: string): boolean | undefined {
    return this.#verdict(this.#keyOf(users, name, password));
  }

  /** Whether the password is that of the user. Throws AuthError LOGIN_LIMITED when too many ask. */
  async check(users: PasswordHashes, name: string, password: string): Promise<boolean> {
    const key = this.#keyOf(users, name, password);
    const known = this.#verdict(key);
    if (known !== undefined) return known;
    const under = this.#under.get(key);
    if (under !== undefined) return await under;
    if (this.#under.size >= mostWaiting) {
      throw new AuthError('LOGIN_LIMITED', 'too many log in at once: try again later');
    }
    const checking = this.#turn.then(() => this.#compare(users, name, password));
    this.#under.set(key, checking);
    this.#turn = checking.catch(() => {});
    try {
      const isRight = await checking;
      const until = this.#parts.clock.now() + verdictLasts;
      remember(this.#verdicts, key, { isRight, until }, mostVerdicts);
      return isRight;
    } finally {
      this.#under.delete(key);
    }
  }

  async #compare(users: PasswordHashes, name: string, password: string): Promise<boolean> {
    if (password.length > longestPassword) return false;
    const hash = users.get(name);
    const isSame = await this.#parts.compare(password, hash ?? likeOthers(users));
    return isSame && hash !== undefined;
  }

  #verdict(key: string): boolean | undefined {
    const verdict = this.#verdicts.get(key);
    if (verdict === undefined || verdict.until < this.#parts.clock.now()) return undefined;
    return verdict.isRight;
  }

  /** With the hash in it: a new password ends the verdicts on the old one. */
  #keyOf(users: PasswordHashes, name: string, password: string): string {
    const hash = users.get(name) ?? '';
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([name, hash, password]))
      .digest('base64');
  }
}

/** A hash that costs as much as those of the users. */
function likeOthers(users: PasswordHashes): string {
  const [any] = users.values();
  const cost = any?.slice(4, 6) ?? '10';
  return `$2b$${cost}${nobodysHash.slice(6)}`;
}
