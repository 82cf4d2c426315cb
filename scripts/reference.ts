/** Writes the reference documents that are made of the code: `npm run reference`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { configReference } from '../src/config/config-reference.ts';
import { configJsonSchema } from '../src/config/config-schema.ts';

/** The documents, by their paths from the project's root. */
export function references(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/configuration.md', configReference()],
    ['docs/reference/docket.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ]);
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname);
  for (const [path, text] of references()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}
