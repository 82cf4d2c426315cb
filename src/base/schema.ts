import { z } from 'zod';
import { messageOf } from './errors.ts';

/** A value that is read from text; a file may hold it as a number, too. */
export function scalar<T>(expected: string, parse: (text: string) => T) {
  return z
    .union([z.string(), z.number()], { error: `expected ${expected}` })
    .transform((value, context) => read(context, value, () => parse(String(value))));
}

/** What was said of a wrong value becomes an issue at its place. */
export function read<T>(
  context: z.core.$RefinementCtx,
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

/** An object without any keys but these, which it names when another one stands there. */
export function object<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : 'expected "name: value"',
  });
}

/** What a part of an object is, for the reference. */
export const about = (description: string) => ({ description });
