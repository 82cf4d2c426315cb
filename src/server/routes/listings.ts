import { OciError } from '../../oci/oci-error.ts';
import { listRepositories, listTags, type Listing } from '../../registry/listings.ts';
import type { Page } from '../../storage/catalog.ts';
import type { Exchange } from '../exchange.ts';
import type { Handler } from '../services.ts';

/** The most names in one answer; more follow by `Link`. */
const mostNames = 10_000;

/** `GET /v2/<name>/tags/list` (distribution-spec end-8). */
export const getTags: Handler = async (exchange, { registry }) => {
  const { repository } = exchange;
  const page = pageOf(exchange);
  const listing = await listTags(registry.catalog, repository, page);
  const link = linkTo(`/v2/${repository}/tags/list`, page, listing);
  exchange.sendJson(200, { name: repository, tags: listing.names }, link);
};

/** `GET /v2/_catalog`, as Docker's registry has it. */
export const getCatalog: Handler = async (exchange, { registry }) => {
  const page = pageOf(exchange);
  const listing = await listRepositories(registry.catalog, page);
  const link = linkTo('/v2/_catalog', page, listing);
  exchange.sendJson(200, { repositories: listing.names }, link);
};

function pageOf({ query }: Exchange): Page & { readonly limit: number } {
  const after = query.get('last') ?? undefined;
  const wanted = query.get('n');
  if (wanted === null) return { after, limit: mostNames };
  if (!/^\d+$/.test(wanted)) {
    throw new OciError('PAGINATION_NUMBER_INVALID', 'n must be a number of names');
  }
  return { after, limit: Math.min(Number(wanted), mostNames) };
}

function linkTo(
  path: string,
  page: { readonly limit: number },
  listing: Listing,
): Readonly<Record<string, string>> {
  const last = listing.names.at(-1);
  if (!listing.more || last === undefined) return {};
  const query = new URLSearchParams({ n: String(page.limit), last });
  return { Link: `<${path}?${query.toString()}>; rel="next"` };
}
