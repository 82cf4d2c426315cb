import { isAlive, isRobotSecret, robotIdOf, type Robot } from '../../auth/robot.ts';
import type { Grant } from '../../auth/policy.ts';
import type { RobotRecord, RobotTable } from '../../storage/robots.ts';

/** Milliseconds within which a use is not noted again. */
const noteEvery = 60_000;

/** Tokens for machines, out of the catalog. */
export class Robots {
  readonly #table: RobotTable;
  /** Milliseconds since 1970. */
  readonly #wallTime: () => number;

  constructor(table: RobotTable, wallTime: () => number) {
    this.#table = table;
    this.#wallTime = wallTime;
  }

  /** The robot whose secret this is; undefined for any other text, and when it was revoked or has expired. */
  async bySecret(secret: string): Promise<Robot | undefined> {
    const id = robotIdOf(secret);
    const record = id === undefined ? undefined : await this.#table.find(id);
    if (record === undefined) return undefined;
    const robot = robotOf(record);
    const now = this.#wallTime();
    if (!isRobotSecret(robot, secret, now)) return undefined;
    if (now - (robot.usedAt ?? 0) > noteEvery) await this.#table.used(robot.id, now);
    return robot;
  }

  /** The robot of that name and id, unless it was revoked or has expired. */
  async alive(name: string, id: string): Promise<Robot | undefined> {
    const record = await this.#table.findNamed(name);
    if (record === undefined || record.id !== id) return undefined;
    const robot = robotOf(record);
    return isAlive(robot, this.#wallTime()) ? robot : undefined;
  }

  async list(): Promise<readonly Robot[]> {
    return (await this.#table.list()).map(robotOf);
  }

  /** False when another one has the name. */
  async add(robot: Robot): Promise<boolean> {
    return await this.#table.add({ ...robot, grants: JSON.stringify(robot.grants) });
  }

  /** False when there is none of that name that was not revoked. */
  async revoke(name: string): Promise<boolean> {
    return await this.#table.revoke(name, this.#wallTime());
  }
}

function robotOf(record: RobotRecord): Robot {
  return { ...record, grants: JSON.parse(record.grants) as readonly Grant[] };
}
