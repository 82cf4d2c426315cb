import { mediaTypes } from '../../oci/media-type.ts';
import { listReferrers } from '../../registry/referrers.ts';
import type { Handler } from '../services.ts';

/** `GET /v2/<name>/referrers/<digest>[?artifactType=<type>]` (distribution-spec end-12). */
export const getReferrers: Handler = async (exchange, { registry }) => {
  const { repository, digest, query } = exchange;
  // No media type holds a space: it was a `+` that the client did not encode.
  const artifactType = query.get('artifactType')?.replaceAll(' ', '+');
  const manifests = await listReferrers(registry.catalog, repository, digest, artifactType);
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  exchange.send(
    200,
    {
      'Content-Type': mediaTypes.ociIndex,
      ...(artifactType === undefined ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
    },
    JSON.stringify(index),
  );
};
