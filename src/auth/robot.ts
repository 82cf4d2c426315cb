import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Grant } from './policy.ts';

/** A token for a machine, as it is kept: not the secret itself. Times are milliseconds since 1970. */
export interface Robot {
  /** A part of the secret, by which it is found. */
  readonly id: string;
  /** What people and rules call it. */
  readonly name: string;
  /** SHA-256 of the secret, hex: that has 256 bits of chance, nobody can guess it. */
  readonly hash: string;
  /** What it may; rules may give it more. */
  readonly grants: readonly Grant[];
  /** Who made it: a subject's label. */
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly revokedAt: number | undefined;
  readonly usedAt: number | undefined;
}

const form = /^dkt_([a-z0-9]{16})_([A-Za-z0-9_-]{43})$/;
const nameForm = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;

/** True for what a robot may be called. */
export function isRobotName(text: string): boolean {
  return nameForm.test(text);
}

/** A new secret, like `dkt_…`, which scanners for leaked secrets can find; and what is kept of it. */
export function createRobotSecret(): Pick<Robot, 'id' | 'hash'> & { readonly secret: string } {
  const id = randomBytes(8).toString('hex');
  const secret = `dkt_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, hash: hashOf(secret), secret };
}

/** The id in a robot's secret; undefined for any other text. */
export function robotIdOf(secret: string): string | undefined {
  return form.exec(secret)?.[1];
}

/** True when the secret is this robot's, and good at the time `now`. */
export function isRobotSecret(robot: Robot, secret: string, now: number): boolean {
  const isSame = timingSafeEqual(Buffer.from(robot.hash), Buffer.from(hashOf(secret)));
  return isSame && isAlive(robot, now);
}

/** True when it is neither revoked nor expired. */
export function isAlive({ expiresAt = Infinity, revokedAt }: Robot, now: number): boolean {
  return revokedAt === undefined && now < expiresAt;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
