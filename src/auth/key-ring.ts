import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { isJsonObject } from '../oci/descriptor.ts';
import { AuthError } from './auth-error.ts';

/** A key pair of the registry (P-256), for signatures by ES256. */
export interface SigningKey {
  /** The thumbprint of its public part (RFC 7638). */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Milliseconds that a key signs, and that what it signed is believed. */
const signsFor = 30 * 24 * 3600_000;
const believedFor = 150 * 24 * 3600_000;

/** The registry's own secrets: the newest key signs, older ones are still believed for a while. Never changed: replaced. */
export class KeyRing {
  /** The newest first. */
  readonly keys: readonly SigningKey[];
  /** 32 random bytes, of which keys for other purposes are derived. */
  readonly secret: Buffer;

  private constructor(keys: readonly SigningKey[], secret: Buffer) {
    this.keys = keys.toSorted((a, b) => b.createdAt - a.createdAt);
    this.secret = secret;
  }

  /** A ring with one new key. `now` is in milliseconds since 1970. */
  static create(now: number): KeyRing {
    return new KeyRing([createKey(now)], randomBytes(32));
  }

  /** Reads what `toJson` gave. Throws AuthError ACCESS_INVALID. */
  static fromJson(value: unknown): KeyRing {
    try {
      if (!isJsonObject(value) || !Array.isArray(value['keys'])) throw new Error('no keys');
      const secret = Buffer.from(String(value['secret']), 'base64url');
      if (secret.length !== 32) throw new Error('no secret');
      const keys = value['keys'].map(readKey);
      if (keys.length === 0) throw new Error('no keys');
      return new KeyRing(keys, secret);
    } catch (cause) {
      throw new AuthError('ACCESS_INVALID', "the file of the registry's keys is damaged", {
        cause,
      });
    }
  }

  toJson(): object {
    return {
      keys: this.keys.map(({ privateKey, createdAt }) => ({
        createdAt: new Date(createdAt).toISOString(),
        key: privateKey.export({ format: 'jwk' }),
      })),
      secret: this.secret.toString('base64url'),
    };
  }

  /** The key that signs. */
  get current(): SigningKey {
    const [newest] = this.keys;
    if (newest === undefined) throw new AuthError('ACCESS_INVALID', 'there is no key');
    return newest;
  }

  /** One of its own keys, by its id. */
  find(id: string): SigningKey | undefined {
    return this.keys.find((key) => key.id === id);
  }

  /** The ring as it should be now: with a new key when the newest is old, and without those that nobody needs any more. */
  rotated(now: number): KeyRing {
    if (now - this.current.createdAt < signsFor) return this;
    const kept = this.keys.filter(({ createdAt }) => now - createdAt < believedFor);
    return new KeyRing([createKey(now), ...kept], this.secret);
  }

  /** A secret of its own for a purpose. */
  derive(purpose: string): Buffer {
    return createHash('sha256').update(`${purpose}\0`).update(this.secret).digest();
  }
}

function createKey(now: number): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return keyOf(privateKey, now);
}

function readKey(value: unknown): SigningKey {
  if (!isJsonObject(value)) throw new Error('no key');
  const createdAt = Date.parse(String(value['createdAt']));
  if (Number.isNaN(createdAt)) throw new Error('no time');
  return keyOf(createPrivateKey({ key: value['key'] as JsonWebKey, format: 'jwk' }), createdAt);
}

function keyOf(privateKey: KeyObject, createdAt: number): SigningKey {
  const publicKey = createPublicKey(privateKey);
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  if (kty !== 'EC' || crv !== 'P-256') throw new Error('not a key on P-256');
  const thumbprint = JSON.stringify({ crv, kty, x, y });
  const id = createHash('sha256').update(thumbprint).digest('base64url');
  return { id, privateKey, publicKey, createdAt };
}
