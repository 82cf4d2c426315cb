import { ArchiveError } from './archive-error.ts';

/** An archive entry's name in its one normal form: `a/b`, without `.`, `..` or a slash at either end. Never a path on disk. */
export type ArchivePath = string & { readonly __brand: 'ArchivePath' };

/** What an entry is a link to; hard links count from the archive's root, symbolic ones from the entry's own folder. */
export type LinkKind = 'symlink' | 'link';

/**
 * The normal form of a name in an archive. Throws ArchiveError ARCHIVE_INVALID when it is absolute or leads out of the
 * archive.
 */
export function archivePath(name: string): ArchivePath {
  if (name.startsWith('/')) throw outside(name);
  return normalize(name, []);
}

/** The entry that a link entry stands for. Throws ArchiveError ARCHIVE_INVALID when that is outside of the archive. */
export function linkTarget(entry: ArchivePath, kind: LinkKind, linkName: string): ArchivePath {
  if (linkName.startsWith('/')) throw outside(linkName);
  const folder = kind === 'symlink' ? entry.split('/').slice(0, -1) : [];
  return normalize(linkName, folder);
}

function normalize(name: string, folder: readonly string[]): ArchivePath {
  const parts = [...folder];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw outside(name);
  }
  return parts.join('/') as ArchivePath;
}

function outside(name: string): ArchiveError {
  const shown = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
  return new ArchiveError('ARCHIVE_INVALID', `the archive names ${shown}, which is outside of it`);
}
