import { rights, type Grant, type Right } from '../../auth/policy.ts';
import { createRobotSecret, isAlive, isRobotName, type Robot } from '../../auth/robot.ts';
import { OciError } from '../../oci/oci-error.ts';
import { isJsonObject } from '../../oci/descriptor.ts';
import type { Access } from '../access/access.ts';
import { readJsonBody, wrongBody } from '../json-body.ts';
import type { Handler, Services } from '../services.ts';

const mostGrants = 100;
const mostPatterns = 100;

/** `GET /api/v1/tokens`: the tokens for machines, without their secrets. */
export const listRobots: Handler = async (exchange, services) => {
  const { robots } = accessOf(services);
  exchange.sendJson(200, { tokens: (await robots.list()).map((robot) => robotJson(robot)) });
};

/**
 * `POST /api/v1/tokens`: makes one. The body is JSON, `{"name", "grants": [{"rights": ["pull"], "repositories": ["team/**"]}],
 * "expiresIn": <milliseconds>}`, the last optional. The secret is told this once.
 */
export const createRobot: Handler = async (exchange, services) => {
  const { robots } = accessOf(services);
  const { name, grants, expiresIn } = await readJsonBody(exchange, ['name', 'grants', 'expiresIn']);
  if (typeof name !== 'string' || !isRobotName(name)) {
    throw wrongBody('name must be 1 to 63 of the characters a-z 0-9 . _ -');
  }
  if (expiresIn !== undefined && !(typeof expiresIn === 'number' && expiresIn >= 1000)) {
    throw wrongBody('expiresIn must be a number of milliseconds, 1000 or more');
  }
  exchange.target = name;
  const now = Date.now();
  const { secret, ...kept } = createRobotSecret();
  const robot: Robot = {
    ...kept,
    name,
    grants: readGrants(grants),
    createdBy: exchange.caller.label,
    createdAt: now,
    expiresAt: expiresIn === undefined ? undefined : now + expiresIn,
    revokedAt: undefined,
    usedAt: undefined,
  };
  if (!(await robots.add(robot))) throw wrongBody(`there is a token "${name}" already`);
  exchange.sendJson(201, { ...robotJson(robot), secret }, { 'Cache-Control': 'no-store' });
};

/** `DELETE /api/v1/tokens/<name>`: it is good for nothing from now on, nor is what was given for it. */
export const revokeRobot: Handler = async (exchange, services) => {
  const { robots } = accessOf(services);
  const name = exchange.parts['robot'] ?? '';
  if (!(await robots.revoke(name))) {
    throw new OciError('NAME_UNKNOWN', 'there is no such token, or it was revoked already');
  }
  exchange.response.writeHead(204).end();
};

function accessOf({ access }: Services): Access {
  if (access !== undefined) return access;
  throw new OciError('UNSUPPORTED', 'this registry asks nobody who he is: it knows no tokens');
}

function robotJson(robot: Robot): object {
  const time = (at: number | undefined): string | undefined =>
    at === undefined ? undefined : new Date(at).toISOString();
  return {
    name: robot.name,
    id: robot.id,
    grants: robot.grants,
    createdBy: robot.createdBy,
    createdAt: time(robot.createdAt),
    expiresAt: time(robot.expiresAt),
    revokedAt: time(robot.revokedAt),
    usedAt: time(robot.usedAt),
    state:
      robot.revokedAt !== undefined ? 'revoked' : isAlive(robot, Date.now()) ? 'valid' : 'expired',
  };
}

function readGrants(value: unknown): readonly Grant[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > mostGrants) {
    throw wrongBody('grants must be a list of what the token may');
  }
  return value.map((grant: unknown) => {
    if (!isJsonObject(grant)) throw wrongBody('each grant has "rights" and "repositories"');
    const known = Object.keys(grant).every((key) => key === 'rights' || key === 'repositories');
    const { rights: given, repositories } = grant;
    if (!known || !isTexts(given) || !given.every(isRight) || given.length === 0) {
      throw wrongBody(`rights must be a list of ${rights.join(', ')}`);
    }
    if (!isTexts(repositories) || repositories.length > mostPatterns) {
      throw wrongBody('repositories must be a list of patterns like team/**');
    }
    return { rights: given, repositories };
  });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && one.length <= 255);
}

function isRight(text: string): text is Right {
  return (rights as readonly string[]).includes(text);
}
