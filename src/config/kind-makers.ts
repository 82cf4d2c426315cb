import { z } from 'zod';
import { read } from '../base/schema.ts';
import { parseWebUrl } from '../base/web-url.ts';
import { ValueError } from './value-error.ts';

/** A list, or one text that `split` takes apart: how a variable or a single flag holds it. */
export function list<T>(
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

/** The parts of a text with spaces or commas between. */
export function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

/** Throws ValueError for an empty text. */
export function nonEmpty(text: string): string {
  if (text !== '') return text;
  throw new ValueError('it is empty: expected a text');
}

/** A number from 1 to 999999. Throws ValueError. */
export function parseCount(text: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number >= 1) return number;
  throw new ValueError(`"${text}" is no such number: expected one from 1 to 999999`);
}

/** A whole number, 0 or more. Throws ValueError. */
export function parseWhole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ValueError(`"${text}" is no such number: expected one from 0 on`);
}

/** True or false; a variable or a flag holds it as a text. */
export const boolean = z
  .union([z.boolean(), z.enum(['true', 'false'])], { error: 'expected true or false' })
  .transform((value) => value === true || value === 'true');

/** A URL of the web. Throws ValueError, which does not tell the text: it may hold a password. */
export function webUrl(text: string): string {
  const url = parseWebUrl(text);
  if (url !== undefined) return url.href;
  throw new ValueError('expected an http or https URL without user and password');
}
