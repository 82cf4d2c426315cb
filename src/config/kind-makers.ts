import { z } from 'zod';
import { messageOf } from '../base/errors.ts';
import { ValueError } from './value-error.ts';

/** A value that is read from text; a file may hold it as a number, too. */
export function scalar<T>(expected: string, parse: (text: string) => T) {
  return z
    .union([z.string(), z.number()], { error: `expected ${expected}` })
    .transform((value, context) => read(context, value, () => parse(String(value))));
}

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

type Context = z.core.$RefinementCtx;

/** What was said of a wrong value becomes an issue at its place. */
export function read<T>(
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

/** An object without any keys but these, which it names when another one stands there. */
export function object<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : 'expected "name: value"',
  });
}

/** What a part of an object is, for the reference. */
export const about = (description: string) => ({ description });

/** A whole number, 0 or more. Throws ValueError. */
export function parseWhole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ValueError(`"${text}" is no such number: expected one from 0 on`);
}
