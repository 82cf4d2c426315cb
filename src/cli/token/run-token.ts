import { rights } from '../../auth/policy.ts';
import { parseDuration } from '../../base/units.ts';
import { isJsonObject } from '../../oci/descriptor.ts';
import { CliError } from '../cli-error.ts';
import type { ClientContext } from '../command-context.ts';
import { connect } from '../remote/connect.ts';
import { readBody } from '../remote/http-answer.ts';
import { printable } from '../terminal/printable.ts';
import { formatTable } from '../terminal/table.ts';
import { timeAgo } from '../terminal/time-ago.ts';
import { UsageError } from '../usage-error.ts';

export interface CreateTokenOptions {
  readonly may: string;
  readonly repository?: readonly string[];
  readonly expires?: string;
  readonly json?: true;
}

export interface ListTokensOptions {
  readonly format?: string;
}

/** A token as the registry tells of it. */
interface Token {
  readonly name: string;
  readonly grants: readonly {
    readonly rights: readonly string[];
    readonly repositories: readonly string[];
  }[];
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly usedAt?: string;
  readonly state: string;
}

const path = '/api/v1/tokens';
const largestAnswer = 16 * 1024 * 1024;

/** `docket token create`: prints the secret alone, for scripts. */
export async function createToken(
  name: string,
  options: CreateTokenOptions,
  context: ClientContext,
): Promise<void> {
  const given = options.may.split(/[\s,]+/);
  const wrong = given.find((one) => !(rights as readonly string[]).includes(one));
  if (wrong !== undefined) {
    throw new UsageError(`"${wrong}" is no right: expected ${rights.join(', ')}`);
  }
  const { expires } = options;
  const answer = await ask(context, 'POST', path, {
    name,
    grants: [{ rights: given, repositories: options.repository ?? ['**'] }],
    ...(expires === undefined ? {} : { expiresIn: parseDuration(expires) }),
  });
  if (!isJsonObject(answer) || typeof answer['secret'] !== 'string') throw notAToken();
  context.stdout.write(
    options.json === true ? `${JSON.stringify(answer, undefined, 2)}\n` : `${answer['secret']}\n`,
  );
}

/** `docket token ls`. */
export async function listTokens(
  options: ListTokensOptions,
  context: ClientContext,
): Promise<void> {
  const answer = await ask(context, 'GET', path);
  const tokens = isJsonObject(answer) ? answer['tokens'] : undefined;
  if (!Array.isArray(tokens)) throw notAToken();
  if (options.format === 'json') {
    context.stdout.write(`${JSON.stringify({ tokens }, undefined, 2)}\n`);
    return;
  }
  const now = Date.now();
  const ago = (time: string | undefined, never: string): string =>
    time === undefined ? never : timeAgo(Date.parse(time), now);
  const rows = (tokens as readonly Token[]).map((token) => [
    token.name,
    token.state,
    token.grants
      .map(({ rights: may, repositories }) => `${may.join(',')} ${repositories.join(',')}`)
      .join('; '),
    token.createdBy,
    token.expiresAt?.slice(0, 16).replace('T', ' ') ?? 'never',
    ago(token.usedAt, 'never'),
  ]);
  const table = formatTable(['NAME', 'STATE', 'MAY', 'MADE BY', 'EXPIRES', 'USED'], rows);
  context.stdout.write(printable(table));
}

/** `docket token revoke`. */
export async function revokeToken(name: string, context: ClientContext): Promise<void> {
  await ask(context, 'DELETE', `${path}/${encodeURIComponent(name)}`);
  context.stderr.write(`Revoked ${printable(name)}\n`);
}

async function ask(
  context: ClientContext,
  method: 'GET' | 'POST' | 'DELETE',
  target: string,
  body?: object,
): Promise<unknown> {
  await using connection = connect(context, undefined);
  const answer = await connection.send(target, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    signal: context.signal,
  });
  if (answer.statusCode >= 300) throw await connection.refusal(answer, 'NAME_UNKNOWN');
  const text = Buffer.from(await readBody(answer.body, largestAnswer)).toString('utf8');
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw notAToken();
  }
}

function notAToken(): CliError {
  return new CliError('REGISTRY_FAILED', 'the answer tells of no tokens', {
    hint: 'Is it a Docket registry of this version that answers there?',
  });
}
