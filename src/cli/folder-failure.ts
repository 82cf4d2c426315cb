import { statSync } from 'node:fs';
import path from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { codeOf, messageOf } from '../base/errors.ts';
import { CliError } from './cli-error.ts';

/** What the system says of a file or folder that cannot be used. */
const refusals = new Set(['EACCES', 'EEXIST', 'EISDIR', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS']);

/** `permission denied (EACCES)`: what the system said, without the name of the file that it happened to be about. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined || !(error instanceof Error) || !('errno' in error))
    return messageOf(error);
  const text = getSystemErrorMap().get(Number(error.errno))?.[1];
  return text === undefined ? messageOf(error) : `${text} (${code})`;
}

/** The one way to tell that a folder which `-l` names cannot be used. */
export function folderFailure(folder: string, cause: unknown): CliError {
  const file = fileOnTheWay(path.resolve(folder));
  const message =
    file === undefined
      ? `cannot use the folder ${folder}: ${reasonOf(cause)}`
      : `cannot use the folder ${folder}: ${file} is a file, not a folder`;
  const hint = 'Name another folder with -l/--location, or run it as root.';
  return new CliError('FOLDER_UNUSABLE', message, { cause, hint });
}

/** Whether what a role failed with at its start is that the system refused something in its folder, or the folder. */
export function isFolderRefusal(folder: string, error: unknown): boolean {
  const root = rootCause(error);
  if (!(root instanceof Error)) return false;
  // SQLITE_READONLY and SQLITE_CANTOPEN.
  if ('errcode' in root) return root.errcode === 8 || root.errcode === 14;
  if (!refusals.has(codeOf(root) ?? '') || !('path' in root)) return false;
  const failed = path.resolve(String(root.path));
  const whole = path.resolve(folder);
  return isWithin(failed, whole) || isWithin(whole, failed);
}

/** The error that began it. */
export function rootCause(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return root;
}

function isWithin(one: string, other: string): boolean {
  return one === other || one.startsWith(other.endsWith(path.sep) ? other : other + path.sep);
}

/** The folder itself, or one above it, when that is there and no folder. */
function fileOnTheWay(folder: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    const found = isFolder(at);
    if (found !== undefined) return found ? undefined : at;
    if (at === path.dirname(at)) return undefined;
  }
}

/** Whether it is a folder; undefined when it is not there. */
function isFolder(at: string): boolean | undefined {
  try {
    return statSync(at).isDirectory();
  } catch {
    return undefined;
  }
}
