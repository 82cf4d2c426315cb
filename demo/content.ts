import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** A part of a file of this machine, and its place in the image. */
export interface Slice {
  readonly source: string;
  readonly target: string;
  readonly offset: number;
  readonly length: number;
}

const blockLength = 512;

/** What a file of `length` bytes takes up in a tar archive. */
export function tarLength(length: number): number {
  return blockLength + Math.ceil(length / blockLength) * blockLength;
}

/**
 * Real files for an image: those of the Node that runs this, then those of this checkout's packages; as parts whose
 * lengths in tar archives come to `lengths`, one list for each. A file that does not fit goes on in the next list.
 */
export async function contentOf(
  checkout: string,
  lengths: readonly number[],
  signal: AbortSignal,
): Promise<Slice[][]> {
  const files = endlessFiles(checkout);
  const lists: Slice[][] = [];
  let rest: Slice | undefined;
  for (const length of lengths) {
    const list: Slice[] = [];
    let room = Math.floor(length / blockLength) * blockLength;
    while (room > blockLength) {
      signal.throwIfAborted();
      const file: Slice = rest ?? (await files.next()).value;
      const taken = Math.min(file.length, room - blockLength);
      list.push({ ...file, length: taken });
      room -= tarLength(taken);
      rest = taken === file.length ? undefined : remainder(file, taken);
    }
    lists.push(list);
  }
  return lists;
}

function remainder(file: Slice, taken: number): Slice {
  const offset = file.offset + taken;
  const target = `${file.target.replace(/\.from-\d+$/, '')}.from-${offset}`;
  return { ...file, target, offset, length: file.length - taken };
}

/** All files, again and again for an image that is larger than they are. */
async function* endlessFiles(checkout: string): AsyncGenerator<Slice, never> {
  const prefix = dirname(dirname(process.execPath));
  for (let copy = 1; ; copy++) {
    const root = copy === 1 ? 'usr/local' : `usr/local/copy-${copy}`;
    for (const part of [
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'include/node',
      'lib/node_modules',
      'share/man',
    ]) {
      yield* filesUnder(join(prefix, part), join(root, part));
    }
    yield* filesUnder(process.execPath, join(root, 'bin/node'));
    yield* filesUnder(join(checkout, 'node_modules'), join(root, 'node_modules'));
  }
}

async function* filesUnder(source: string, target: string): AsyncGenerator<Slice> {
  const about = await stat(source).catch(() => undefined);
  if (about?.isFile() === true) {
    // Longer names would need extensions of the tar format, which take up more than is counted.
    if (about.size > 0 && target.length < 90)
      yield { source, target, offset: 0, length: about.size };
    return;
  }
  if (about === undefined) return;
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'node');
  for (const file of files.map((entry) => join(entry.parentPath, entry.name)).toSorted()) {
    yield* filesUnder(file, join(target, relative(source, file)));
  }
}
