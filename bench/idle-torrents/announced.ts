import type { InfoHash } from '../../src/torrent/ids.ts';
import { encodeScrapeQuery, parseScrapeResponse } from '../../src/torrent/scrape.ts';

/** The share of `infoHashes` (64 at most) that the tracker of a registry knows a seed of besides the registry. */
export async function shareAnnounced(
  registry: string,
  infoHashes: readonly InfoHash[],
): Promise<number> {
  const answer = await fetch(`${registry}/scrape?${encodeScrapeQuery(infoHashes)}`);
  const entries = parseScrapeResponse(new Uint8Array(await answer.arrayBuffer()));
  const known = [...entries.values()].filter(({ complete }) => complete > 1);
  return known.length / infoHashes.length;
}
