import { readFile } from 'node:fs/promises';
import { isJsonObject } from '../oci/descriptor.ts';

/** The version in package.json, which lies two folders above both `src/cli` and `dist/cli`. */
export async function packageVersion(): Promise<string> {
  const file = new URL('../../package.json', import.meta.url);
  const content: unknown = JSON.parse(await readFile(file, 'utf8'));
  const version = isJsonObject(content) ? content['version'] : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
