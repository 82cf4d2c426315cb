/** A token for a machine, as it is kept. Times are milliseconds since 1970. */
export interface RobotRecord {
  /** A part of its secret, by which it is found. */
  readonly id: string;
  /** What people call it: no two that are not revoked have the same. */
  readonly name: string;
  /** Of its secret. */
  readonly hash: string;
  /** What it may, in JSON. */
  readonly grants: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly revokedAt: number | undefined;
  readonly usedAt: number | undefined;
}

/** Tokens for machines. */
export interface RobotTable {
  /** Keeps a new one; one of that name which was revoked goes. False when another one has the name. */
  add(robot: RobotRecord): Promise<boolean>;
  find(id: string): Promise<RobotRecord | undefined>;
  findNamed(name: string): Promise<RobotRecord | undefined>;
  /** In the order of their names. */
  list(): Promise<readonly RobotRecord[]>;
  /** False when there is none of that name, or it was revoked before. */
  revoke(name: string, at: number): Promise<boolean>;
  /** Notes that it was used. */
  used(id: string, at: number): Promise<void>;
}
