import { visibleOnly } from '../../registry/listings.ts';
import type { ImagePage, ImageRecord } from '../../storage/catalog.ts';
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
  const page =
    limit === 0
      ? []
      : await visibleOnly(
          { after: after === undefined ? undefined : placeOf(after), limit: limit + 1 },
          (part) => registry.catalog.manifests.images(part),
          ({ repository }: ImageRecord) => exchange.caller.isAllowed('pull', repository),
        );
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

/** No name of a repository holds a colon. */
function placeOf(text: string): NonNullable<ImagePage['after']> {
  const colon = text.indexOf(':');
  if (colon === -1) throw new RequestError('last must be <repository>:<tag>');
  return { repository: text.slice(0, colon), tag: text.slice(colon + 1) };
}
