import { z } from 'zod';
import { about, object, scalar } from '../base/schema.ts';
import { parseDuration } from '../base/units.ts';
import { parseWebUrl } from '../base/web-url.ts';
import { AuthError } from './auth-error.ts';
import type { OidcIssuer } from './oidc-subject.ts';
import { isWho, rights, type Rule } from './policy.ts';

/** Who is let in, and may what. */
export interface AccessConfig {
  /** The file of users, if there are any. */
  readonly htpasswd: string | undefined;
  /** Users by their groups. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly policy: readonly Rule[];
  readonly oidc: readonly OidcIssuer[];
  /** The registry's name for itself in challenges and tokens. */
  readonly service: string;
  /** The URL of the token endpoint, where the one by which clients came is not it. */
  readonly realm: string | undefined;
  /** Milliseconds. */
  readonly tokenLifetime: number;
  readonly trackerKeyLifetime: number;
  /** Who may read figures, beside an admin. */
  readonly metrics: 'anyone' | 'loopback' | 'admin';
}

/** Without rules those who are in the file may everything: whoever wants to tell them apart writes rules. */
const usualPolicy: readonly Rule[] = [{ who: ['user:*'], rights: ['admin'], repositories: ['**'] }];

const texts = (expected: string) =>
  z
    .union([z.string(), z.array(z.string())], { error: `expected ${expected}` })
    .transform((value) => (typeof value === 'string' ? value.split(/[\s,]+/) : value));

const duration = scalar('a duration like 5m', parseDuration);

const rule = object({
  who: texts('a list like anyone, user:alice, group:dev, robot:ci-*').meta(
    about(
      '`anyone`, `anonymous`, or `user:`, `group:`, `robot:`, `oidc:` or `agent:` and a pattern of names',
    ),
  ),
  may: z
    .array(z.enum(rights), { error: `expected a list of ${rights.join(', ')}` })
    .meta(about('`pull`, `push`, `delete`; `admin`: everything, and the management')),
  repositories: texts('a list of patterns like team/**')
    .default(['**'])
    .meta(about('`*` is any text without a slash, `**` any text; default: all')),
})
  .superRefine(({ who }, context) => {
    const wrong = who.find((one) => !isWho(one));
    if (wrong === undefined) return;
    const message = `"${wrong}": expected anyone, anonymous, or user:, group:, robot:, oidc: or agent: and a name`;
    context.issues.push({ code: 'custom', input: wrong, path: ['who'], message });
  })
  .transform(({ who, may, repositories }): Rule => ({ who, rights: may, repositories }));

const webUrl = z
  .string()
  .refine(
    (text) => parseWebUrl(text) !== undefined,
    'expected an http or https URL without user and password',
  );

const issuer = object({
  issuer: webUrl.meta(about('exactly as its tokens have it')),
  audience: z.string().min(1).meta(about('whom its tokens must be for')),
  jwks: webUrl
    .optional()
    .meta(about('where its keys are; default: where its discovery document says')),
  subjects: z
    .array(
      object({
        claims: z
          .record(z.string(), z.string())
          .refine(
            (claims) => Object.keys(claims).length > 0,
            'expected at least one claim: anybody in the world can get a token of a public CI system',
          ),
        name: z
          .string()
          .min(1)
          .meta(about('what rules call it, after `oidc:`; `{claim}` is the value of a claim')),
        groups: z.array(z.string()).default([]).meta(about('groups that it is in')),
      }),
    )
    .min(1)
    .meta(about('whom a token stands for: the first whose claims match')),
}).transform((one): OidcIssuer => ({ ...one, jwks: one.jwks }));

/** How a file of access is written. */
export const accessSchema = object({
  htpasswd: z.string().min(1).optional().meta(about('the file of users, made by `htpasswd -B`')),
  groups: z
    .record(z.string(), z.array(z.string()))
    .default({})
    .meta(about('users by their groups')),
  policy: z
    .array(rule)
    .default([...usualPolicy])
    .meta(about('who may what: rules add up; default: all users everything')),
  oidc: z.array(issuer).default([]).meta(about('issuers of identity tokens, such as CI systems')),
  service: z
    .string()
    .regex(/^[\w.:-]{1,255}$/, 'expected a name like registry.example')
    .default('docket'),
  realm: webUrl.optional(),
  tokenLifetime: duration
    .refine((time) => time >= 60_000 && time <= 24 * 3600_000, 'expected 1m to 1d')
    .default(300_000),
  trackerKeyLifetime: duration
    .refine((time) => time >= 60_000, 'expected 1m or more')
    .default(12 * 3600_000),
  metrics: z
    .enum(['anyone', 'loopback', 'admin'])
    .default('loopback')
    .meta(about('who may read figures, beside an admin: `anyone`, `loopback`, `admin`')),
}).transform((one): AccessConfig => ({ ...one, htpasswd: one.htpasswd, realm: one.realm }));

/** Who is let in when nothing but a file of users is there. */
export function accessOfUsers(htpasswd: string): AccessConfig {
  return accessSchema.parse({ htpasswd });
}

/** Reads what a file of access holds; `path` is for messages. Throws AuthError ACCESS_INVALID. */
export function parseAccess(path: string, value: unknown): AccessConfig {
  const result = accessSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const place = issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
    const message =
      issue.code === 'unrecognized_keys'
        ? `unknown: ${issue.keys.join(', ')}; expected one of ${issue.message.replaceAll(' ', ', ')}`
        : issue.message;
    return `${path}: ${place}${message}`;
  });
  throw new AuthError('ACCESS_INVALID', problems.join('\n'));
}
