import { AuthError } from './auth-error.ts';

/** Users and their bcrypt hashes. */
export type PasswordHashes = ReadonlyMap<string, string>;

const largestUsers = 100_000;
/** Each step doubles the time: beyond this a login takes seconds of a processor. */
const highestCost = 14;
const bcryptHash = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const userName = /^[^\s:\p{Cc}]{1,255}$/u;

/**
 * Reads a file of `htpasswd -B`: `user:hash` lines, `#` begins a comment. `path` is for messages. Throws AuthError
 * ACCESS_INVALID, with the line's number but never with what stands there.
 */
export function parseHtpasswd(path: string, text: string): PasswordHashes {
  const users = new Map<string, string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const fail = (what: string): AuthError =>
      new AuthError('ACCESS_INVALID', `${path}:${index + 1}: ${what}`);
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const hash = line.slice(colon + 1);
    if (colon < 1 || !userName.test(name)) throw fail('expected user:hash');
    const [, cost] = bcryptHash.exec(hash) ?? [];
    if (cost === undefined) {
      throw fail(`the hash of "${name}" is not bcrypt: make it with htpasswd -B`);
    }
    if (Number(cost) > highestCost) {
      throw fail(`the hash of "${name}" has the cost ${cost}: expected ${highestCost} at most`);
    }
    if (users.has(name)) throw fail(`"${name}" is there twice`);
    users.set(name, hash);
    if (users.size > largestUsers) throw fail(`more than ${largestUsers} users`);
  }
  return users;
}

/** True for a text that only a file of passwords can be: each of its lines is `name:something`, without a space. */
export function looksLikeHtpasswd(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.length > 0 && lines.every((line) => /^[^\s:]+:\S+\s*$/.test(line));
}
