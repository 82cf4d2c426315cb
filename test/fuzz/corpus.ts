import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One input that was found worth keeping. */
export interface CorpusEntry {
  readonly file: string;
  readonly input: Uint8Array;
}

const folder = join(import.meta.dirname, 'corpus');

/** The inputs that are kept for a target. */
export function corpusOf(target: string): readonly CorpusEntry[] {
  const path = join(folder, target);
  let files: readonly string[] = [];
  try {
    files = readdirSync(path).toSorted();
  } catch {
    // Nothing was kept yet.
  }
  return files.map((file) => ({ file, input: readFileSync(join(path, file)) }));
}

/** Keeps an input that found a defect; the path of its file. */
export function keep(target: string, input: Uint8Array): string {
  const path = join(folder, target);
  mkdirSync(path, { recursive: true });
  const file = join(path, `found-${hash('sha1', input).slice(0, 12)}`);
  writeFileSync(file, input);
  return file;
}
