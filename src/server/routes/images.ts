import type { Registry } from '../../registry/registry.ts';
import type { ImagePage, ImageRecord } from '../../storage/catalog.ts';
import type { Exchange } from '../exchange.ts';
import { RequestError } from '../request-error.ts';
import { linkTo, pageOf } from '../paging.ts';
import type { Handler } from '../services.ts';

/** The most images in one answer; more follow by `Link`. */
const mostImages = 1000;

/**
 * `GET /api/v1/images[?n=<number>][&last=<repository>:<tag>]`: the tags of all repositories, sorted, page by page as the
 * lists of the distribution-spec are (end-8).
 */
export const getImages: Handler = async (exchange, { registry }) => {
  const { after, limit } = pageOf(exchange, mostImages);
  const page = limit === 0 ? [] : await visibleImages(exchange, registry, after, limit + 1);
  const images = page.slice(0, limit).map((image) => ({
    repository: image.repository,
    tag: image.tag,
    digest: image.digest,
    mediaType: image.mediaType,
    size: image.imageSize,
    pushedAt: new Date(image.pushedAt).toISOString(),
  }));
  const last = page.length > limit ? images.at(-1) : undefined;
  const next = last && `${last.repository}:${last.tag}`;
  exchange.sendJson(200, { images }, linkTo('/api/v1/images', next, { n: String(limit) }));
};

/** The tags of what the client may pull, at most `limit`. */
async function visibleImages(
  { caller }: Exchange,
  { catalog }: Registry,
  after: string | undefined,
  limit: number,
): Promise<readonly ImageRecord[]> {
  const found: ImageRecord[] = [];
  for (let last = after === undefined ? undefined : placeOf(after); ;) {
    const part = await catalog.manifests.images({ after: last, limit });
    found.push(...part.filter(({ repository }) => caller.isAllowed('pull', repository)));
    last = part.at(-1);
    if (found.length >= limit) return found.slice(0, limit);
    if (part.length < limit) return found;
  }
}

/** No name of a repository holds a colon. */
function placeOf(text: string): NonNullable<ImagePage['after']> {
  const colon = text.indexOf(':');
  if (colon === -1) throw new RequestError('last must be <repository>:<tag>');
  return { repository: text.slice(0, colon), tag: text.slice(colon + 1) };
}
