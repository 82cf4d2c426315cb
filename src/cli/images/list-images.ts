import { formatBytes } from '../../base/units.ts';
import { isDigest } from '../../oci/digest.ts';
import type { ListedImage } from '../remote/image-list.ts';
import { connectClient } from '../remote/connect.ts';
import { printable } from '../terminal/printable.ts';
import { shortDigest } from '../terminal/short-digest.ts';
import { formatTable } from '../terminal/table.ts';
import { timeAgo } from '../terminal/time-ago.ts';
import { UsageError } from '../usage-error.ts';
import type { ClientContext } from '../command-context.ts';

export interface ImagesOptions {
  readonly quiet?: boolean;
  readonly format?: string;
}

/** `docket images`: lists what the registry holds. */
export async function listImages(options: ImagesOptions, context: ClientContext): Promise<void> {
  const format = options.format ?? 'table';
  if (format !== 'table' && format !== 'json') {
    throw new UsageError(`"${format}" is not a format: expected table or json`);
  }
  await using registry = connectClient(context, undefined);
  const list = await registry.images(context.signal);
  context.stdout.write(printable(text(list, format, options.quiet === true)));
}

function text(list: readonly ListedImage[], format: 'table' | 'json', quiet: boolean): string {
  if (quiet) {
    const digests = new Set(list.map(({ digest }) => digest));
    return [...digests].map((digest) => `${digest}\n`).join('');
  }
  if (format === 'json') return `${JSON.stringify({ images: list }, undefined, 2)}\n`;
  const now = Date.now();
  return formatTable(
    ['REPOSITORY', 'TAG', 'DIGEST', 'SIZE', 'PUSHED'],
    list.map(({ repository, tag, digest, size, pushedAt }) => [
      repository,
      tag,
      isDigest(digest) ? shortDigest(digest) : digest,
      formatBytes(size),
      timeAgo(Date.parse(pushedAt), now),
    ]),
  );
}
