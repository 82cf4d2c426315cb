import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { read } from '../base/schema.ts';
import { ValueError } from './value-error.ts';

/** A secret itself, or the file that holds it and nothing else: what was written is never told. */
export const secret = z
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
