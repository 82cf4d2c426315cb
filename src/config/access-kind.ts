import { z } from 'zod';
import { accessSchema } from '../auth/access-config.ts';

/** Who is let in: the path of a file that says so, or what it would hold. */
export const access = z.union(
  [
    z
      .string()
      .min(1)
      .transform((file) => ({ file })),
    accessSchema.transform((config) => ({ config })),
  ],
  { error: 'expected the path of a file, or the rules themselves' },
);
