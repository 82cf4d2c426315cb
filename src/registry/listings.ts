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
  return await listPage(page, (wider) =>
    visibleOnly(wider, (part) => catalog.repositories.list(part), isVisible),
  );
}

const atOnce = 1000;

/** As many of what is to be seen as the page asks for. */
async function visibleOnly(
  { after, limit = Infinity }: Page,
  read: (page: Page) => Promise<readonly Repository[]>,
  isVisible: (name: Repository) => boolean,
): Promise<readonly string[]> {
  const found: Repository[] = [];
  for (let last = after; ;) {
    const part = await read({ after: last, limit: atOnce });
    found.push(...part.filter(isVisible));
    last = part.at(-1);
    if (found.length >= limit) return found.slice(0, limit);
    if (part.length < atOnce) return found;
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
