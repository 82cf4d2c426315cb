import { OciError } from '../oci/oci-error.ts';
import type { Page } from '../storage/catalog.ts';
import type { Exchange } from './exchange.ts';

/** The page that `n` and `last` ask for, of at most `most` entries. Throws OciError PAGINATION_NUMBER_INVALID. */
export function pageOf({ query }: Exchange, most: number): Page & { readonly limit: number } {
  const after = query.get('last') ?? undefined;
  const wanted = query.get('n');
  if (wanted === null) return { after, limit: most };
  if (!/^\d+$/.test(wanted)) {
    throw new OciError('PAGINATION_NUMBER_INVALID', 'n must be a number of entries');
  }
  return { after, limit: Math.min(Number(wanted), most) };
}

/** The header that leads to the next page of `path`, the one behind `last`; none when that is undefined. */
export function linkTo(
  path: string,
  last: string | undefined,
  query: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (last === undefined) return {};
  const next = new URLSearchParams({ ...query, last });
  return { Link: `<${path}?${next.toString()}>; rel="next"` };
}
