import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOf } from '../base/errors.ts';
import { logLevels } from '../base/log.ts';
import { parseDuration } from '../base/units.ts';
import { parseIpRange } from '../torrent/ip-range.ts';
import { parseListenPort } from './port.ts';
import { parseRateHours } from './rate-hours.ts';
import { parseRate } from './rate.ts';
import { parseTracker } from './tracker.ts';
import { ValueError } from './value-error.ts';
import { parseZone } from '../torrent/zone.ts';
import { checkRetention } from '../registry/gc/retention-rules.ts';
import { webhookActions } from '../server/webhooks/webhook.ts';

/** A value that is read from text; a file may hold it as a number, too. */
function scalar<T>(expected: string, parse: (text: string) => T) {
  return z
    .union([z.string(), z.number()], { error: `expected ${expected}` })
    .transform((value, context) => read(context, value, () => parse(String(value))));
}

/** A list, or one text that `split` takes apart: how a variable or a single flag holds it. */
function list<T>(
  expected: string,
  split: (text: string) => readonly string[],
  parse: (text: string) => T,
) {
  return z
    .union([z.string(), z.array(z.string())], { error: `expected a list of ${expected}` })
    .transform((value, context) =>
      typeof value === 'string'
        ? split(value).map((text) => read(context, text, () => parse(text)))
        : value.flatMap((text, index) =>
            split(text).map((part) => read(context, part, () => parse(part), [index])),
          ),
    );
}

type Context = z.core.$RefinementCtx;

/** What was said of a wrong value becomes an issue at its place. */
function read<T>(
  context: Context,
  input: unknown,
  parse: () => T,
  path: (string | number)[] = [],
): T {
  try {
    return parse();
  } catch (error) {
    context.issues.push({ code: 'custom', input, path, message: messageOf(error) });
    return z.NEVER;
  }
}

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

function nonEmpty(text: string): string {
  if (text !== '') return text;
  throw new ValueError('it is empty: expected a text');
}

function parseCount(text: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number >= 1) return number;
  throw new ValueError(`"${text}" is no such number: expected one from 1 to 999999`);
}

const requiredRate = (text: string): number => parseRate(text) ?? Infinity;

/** An object without any keys but these, which it names when another one stands there. */
function object<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : 'expected "name: value"',
  });
}

/** A secret itself, or the file that holds it and nothing else: what was written is never told. */
const secret = z
  .union([z.string().min(1), z.strictObject({ file: z.string() })], {
    error: 'expected a text that is not empty, or "file: PATH"',
  })
  .transform((value, context) => {
    if (typeof value === 'string') return value;
    return read(context, '', () => {
      const text = readFileSync(value.file, 'utf8').trim();
      if (text !== '') return text;
      throw new ValueError(`${value.file} is empty`);
    });
  });

function webUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username + url.password === '') {
    return url.href;
  }
  // The text is not told: it may hold a password.
  throw new ValueError('expected an http or https URL without user and password');
}

function hookName(text: string): string {
  if (/^[A-Za-z0-9._-]{1,63}$/.test(text)) return text;
  throw new ValueError(`"${text}": expected 1 to 63 of the characters A-Z a-z 0-9 . _ -`);
}

const about = (description: string) => ({ description });

const webhook = object({
  name: scalar('a name', hookName).meta(
    about('its name, in figures and in the log; messages wait under it over a restart'),
  ),
  url: scalar('a URL', webUrl).meta(about('where messages are posted to')),
  secret: secret.optional().meta(about('the key of their signature, or `file: PATH`')),
  token: secret.optional().meta(about('a bearer token to send along, or `file: PATH`')),
  actions: z
    .array(z.enum(webhookActions), { error: 'expected a list of push and delete' })
    .optional()
    .meta(about('`push`, `delete`; default: both')),
  repositories: list('patterns like team/**', words, nonEmpty)
    .optional()
    .meta(about('patterns like `team/**`; default: all')),
  timeout: scalar('a duration', parseDuration)
    .optional()
    .meta(about('for one attempt; default 10s')),
  retryDelay: scalar('a duration', parseDuration)
    .optional()
    .meta(about('until the second attempt, doubled with each further one up to 5m; default 1s')),
  giveUpAfter: scalar('a duration', parseDuration)
    .optional()
    .meta(about('after which a message is dropped; default 24h')),
  backlog: scalar('a number', parseCount)
    .optional()
    .meta(about('the most messages that wait; default 10000')),
});

const webhooks = z
  .array(webhook, { error: 'expected a list of webhooks' })
  .superRefine((all, context) => {
    for (const [index, { name }] of all.entries()) {
      if (all.findIndex((other) => other.name === name) === index) continue;
      const message = `there are two webhooks "${name}"`;
      context.issues.push({ code: 'custom', input: name, path: [index, 'name'], message });
    }
  });

function parseKept(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ValueError(`"${text}" is no number of tags: expected 0 or more`);
}

const retentionRule = object({
  repositories: list('patterns like team/**', words, nonEmpty).meta(
    about('patterns of repositories: `*` is any text without a slash, `**` any text'),
  ),
  keepLast: scalar('a number of tags', parseKept)
    .optional()
    .meta(about('how many tags stay, those that were pushed last; default: all')),
  keepTags: list('patterns like v*', words, nonEmpty)
    .optional()
    .meta(about('patterns of tags that stay in any case, and do not count; only with `keepLast`')),
  deleteUntaggedAfter: z
    .union([z.literal('never'), scalar('a duration, or never', parseDuration)], {
      error: 'expected a duration like 30d, or never',
    })
    .optional()
    .meta(
      about(
        'how long a manifest stays after its last tag went or it was last asked for, or `never`',
      ),
    ),
});

const retention = z
  .array(retentionRule, { error: 'expected a list of rules' })
  .superRefine((rules, context) => {
    read(context, rules, () => checkRetention({ grace: 0, rules }));
  });

/** How each kind of value is written and read. */
export const kinds = {
  text: scalar('a text', nonEmpty),
  texts: list('texts', (text) => [text], nonEmpty),
  port: scalar('a port', parseListenPort),
  boolean: z
    .union([z.boolean(), z.enum(['true', 'false'])], { error: 'expected true or false' })
    .transform((value) => value === true || value === 'true'),
  duration: scalar('a duration like 30s', parseDuration),
  count: scalar('a number', parseCount),
  rate: scalar('a rate like 100MB/s', requiredRate),
  rateHours: z
    .union([z.string(), z.array(z.string())], {
      error: 'expected a list of hours like "08:00-18:00 upload=10MB/s"',
    })
    .transform((value, context) =>
      read(context, value, () => parseRateHours(typeof value === 'string' ? [value] : value)),
    ),
  networks: list('networks like 10.0.0.0/8', words, parseIpRange),
  trackers: list('trackers', words, parseTracker),
  zone: scalar('the name of a zone', parseZone),
  webhooks,
  retention,
  logLevel: z.enum(logLevels),
} as const;

/** The values of each kind, as they are after reading. */
export type Kinds = { readonly [Kind in keyof typeof kinds]: z.output<(typeof kinds)[Kind]> };
