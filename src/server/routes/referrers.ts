import { mediaTypes } from '../../oci/media-type.ts';
import { listReferrers } from '../../registry/referrers.ts';
import { linkTo, pageOf } from '../paging.ts';
import type { Handler } from '../services.ts';

/** The most referrers in one answer; more follow by `Link`. */
const mostReferrers = 250;

/** `GET /v2/<name>/referrers/<digest>[?artifactType=<type>]` (distribution-spec end-12). */
export const getReferrers: Handler = async (exchange, { registry }) => {
  const { repository, digest, query } = exchange;
  // No media type holds a space: it was a `+` that the client did not encode.
  const artifactType = query.get('artifactType')?.replaceAll(' ', '+') || undefined;
  const filter = artifactType === undefined ? {} : { artifactType };
  const page = pageOf(exchange, mostReferrers);
  const { descriptors, last } = await listReferrers(registry.catalog, repository, digest, {
    ...page,
    ...filter,
  });
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: descriptors };
  exchange.send(
    200,
    {
      'Content-Type': mediaTypes.ociIndex,
      ...(artifactType === undefined ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
      ...linkTo(`/v2/${repository}/referrers/${digest}`, last, {
        ...filter,
        n: String(page.limit),
      }),
    },
    JSON.stringify(index),
  );
};
