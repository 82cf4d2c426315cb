import { readFile } from 'node:fs/promises';

/** Docket's version: the same file from `src` and from `dist`. */
export async function readVersion(): Promise<string> {
  const file = new URL('../../package.json', import.meta.url);
  const content: unknown = JSON.parse(await readFile(file, 'utf8'));
  const found = typeof content === 'object' && content !== null && 'version' in content;
  return found ? String(content.version) : 'unknown';
}
