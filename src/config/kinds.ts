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
  logLevel: z.enum(logLevels),
} as const;

/** The values of each kind, as they are after reading. */
export type Kinds = { readonly [Kind in keyof typeof kinds]: z.output<(typeof kinds)[Kind]> };
