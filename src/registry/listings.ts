import { OciError } from '../oci/oci-error.ts';
import type { Repository } from '../oci/reference.ts';
import type { Catalog, Page } from '../storage/catalog.ts';

/** One page of a sorted list. */
export interface Listing {
  readonly names: readonly string[];
  /** True when more follow the last name. */
  readonly more: boolean;
}

/** The tags of a repository, byte-wise sorted (distribution-spec end-8). Throws OciError NAME_UNKNOWN. */
export async function listTags(
  catalog: Catalog,
  repository: Repository,
  page: Page,
): Promise<Listing> {
  const listing = await listPage(page, (wider) => catalog.manifests.tags(repository, wider));
  if (listing.names.length === 0 && !(await catalog.repositories.exists(repository))) {
    throw new OciError('NAME_UNKNOWN', `there is no repository ${repository}`);
  }
  return listing;
}

/** The repositories that hold manifests and are to be seen, byte-wise sorted. */
export async function listRepositories(
  catalog: Catalog,
  page: Page,
  isVisible: (repository: Repository) => boolean = () => true,
): Promise<Listing> {
  return await listPage(page, ({ after, limit = Infinity }) =>
    visibleOnly({ after, limit }, (part) => catalog.repositories.list(part), isVisible),
  );
}

/** At least so many are read at once, after a first part that did not suffice: little of it may be to be seen. */
const atOnce = 1000;

/** As many of what is to be seen as the page asks for. `read` gives what comes after an item, at most `limit`. */
export async function visibleOnly<After, Item extends After>(
  { after, limit }: { readonly after: After | undefined; readonly limit: number },
  read: (page: { after: After | undefined; limit: number }) => Promise<readonly Item[]>,
  isVisible: (item: Item) => boolean,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  const most = limit === Infinity ? atOnce : Math.max(limit, atOnce);
  let last = after;
  for (let wanted = Math.min(limit, most); ; wanted = most) {
    const part = await read({ after: last, limit: wanted });
    for (const item of part) if (isVisible(item)) found.push(item);
    last = part.at(-1);
    if (found.length >= limit) return found.slice(0, limit);
    if (part.length < wanted) return found;
  }
}

async function listPage(
  page: Page,
  read: (page: Page) => Promise<readonly string[]>,
): Promise<Listing> {
  const { limit } = page;
  if (limit === undefined) return { names: await read(page), more: false };
  if (limit === 0) return { names: [], more: false };
  const names = await read({ ...page, limit: limit + 1 });
  return { names: names.slice(0, limit), more: names.length > limit };
}
