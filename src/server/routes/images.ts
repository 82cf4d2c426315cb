import type { Handler } from '../services.ts';

/** `GET /api/v1/images`: all tags of all repositories, sorted. */
export const getImages: Handler = async (exchange, { registry }) => {
  const images = (await registry.catalog.manifests.images({})).map((image) => ({
    repository: image.repository,
    tag: image.tag,
    digest: image.digest,
    mediaType: image.mediaType,
    size: image.imageSize,
    pushedAt: new Date(image.pushedAt).toISOString(),
  }));
  exchange.sendJson(200, { images });
};
