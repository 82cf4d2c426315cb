import { statfs } from 'node:fs/promises';
import { formatBytes } from '../../src/base/units.ts';

/**
 * Why the folder has no room for a deployment, if it has none: the image lies there once as it was made, once in the registry
 * and once at each host, and some room is left.
 */
export async function roomMissing(
  folder: string,
  { hosts, size }: { readonly hosts: number; readonly size: number },
): Promise<string | undefined> {
  const { bavail, bsize } = await statfs(folder);
  const needed = size * (hosts + 2.5);
  if (bavail * bsize >= needed) return undefined;
  return (
    `it needs ${formatBytes(needed)} under ${folder}, where ${formatBytes(bavail * bsize)} are free; ` +
    'give it a smaller --size, fewer --hosts, or another TMPDIR'
  );
}
