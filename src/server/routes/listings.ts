import { listRepositories, listTags, type Listing } from '../../registry/listings.ts';
import { linkTo, pageOf } from '../paging.ts';
import type { Handler } from '../services.ts';

/** The most names in one answer; more follow by `Link`. */
const mostNames = 10_000;

/** `GET /v2/<name>/tags/list` (distribution-spec end-8). */
export const getTags: Handler = async (exchange, { registry }) => {
  const { repository } = exchange;
  const page = pageOf(exchange, mostNames);
  const listing = await listTags(registry.catalog, repository, page);
  const link = linkToNext(`/v2/${repository}/tags/list`, page.limit, listing);
  exchange.sendJson(200, { name: repository, tags: listing.names }, link);
};

/** `GET /v2/_catalog`, as Docker's registry has it: of what the client may pull. */
export const getCatalog: Handler = async (exchange, { registry }) => {
  const { caller } = exchange;
  const page = pageOf(exchange, mostNames);
  const listing = await listRepositories(registry.catalog, page, (name) =>
    caller.isAllowed('pull', name),
  );
  const link = linkToNext('/v2/_catalog', page.limit, listing);
  exchange.sendJson(200, { repositories: listing.names }, link);
};

function linkToNext(
  path: string,
  limit: number,
  listing: Listing,
): Readonly<Record<string, string>> {
  return linkTo(path, listing.more ? listing.names.at(-1) : undefined, { n: String(limit) });
}
