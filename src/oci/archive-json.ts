import { ArchiveError } from './archive-error.ts';

/** The JSON value in a document of an archive. `where` names it. Throws ArchiveError ARCHIVE_INVALID. */
export function parseArchiveJson(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ArchiveError('ARCHIVE_INVALID', `${where} is not JSON in UTF-8`, { cause: error });
  }
}

/** `value` as an array of strings; null counts as empty, as Go writes it. Throws ArchiveError ARCHIVE_INVALID. */
export function stringArray(value: unknown, where: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new ArchiveError('ARCHIVE_INVALID', `${where} is not an array of strings`);
  }
  return value;
}
