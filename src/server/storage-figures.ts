import { statfs } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import type { CatalogFigures } from '../storage/catalog.ts';

/** How much there is, and how much fits. Bytes are Not-a-Number where the system does not tell. */
export interface StorageFigures extends CatalogFigures {
  readonly free: number;
  readonly size: number;
}

/** Milliseconds for which what was counted holds: counting is not free in a large catalog. */
const holds = 30_000;

/** A way to the figures of the folder `location` and its catalog, which are counted anew only now and then. */
export function storageFigures(
  location: string,
  count: () => Promise<CatalogFigures>,
  clock: Clock,
): () => Promise<StorageFigures> {
  let counted: { readonly at: number; readonly figures: Promise<StorageFigures> } | undefined;
  const countNow = async (): Promise<StorageFigures> => {
    const room = await statfs(location).catch(() => undefined);
    const bytesOf = (blocks: number | undefined): number => (blocks ?? NaN) * (room?.bsize ?? NaN);
    const figures = await count().catch(() => none);
    return { ...figures, free: bytesOf(room?.bavail), size: bytesOf(room?.blocks) };
  };
  return () => {
    if (counted === undefined || clock.now() - counted.at > holds) {
      counted = { at: clock.now(), figures: countNow() };
    }
    return counted.figures;
  };
}

const none: CatalogFigures = {
  blobs: NaN,
  blobBytes: NaN,
  damagedBlobs: NaN,
  repositories: NaN,
  manifests: NaN,
  tags: NaN,
};
