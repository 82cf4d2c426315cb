import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startRegistry } from '../../test/lab/docket.ts';
import { eventually } from '../../test/lab/eventually.ts';
import type { LabBlob } from '../../test/lab/lab-blob.ts';
import { getTorrent, pushLayers } from '../../test/lab/oci-client.ts';
import { writeRandomFile } from '../../test/lab/random-file.ts';
import type { Workplace } from '../../test/lab/workplace.ts';

/** What is deployed. */
export interface FleetImage {
  readonly repository: string;
  readonly tag: string;
  /** The layers' files, and nothing else, lie here. */
  readonly folder: string;
  readonly layers: readonly LabBlob[];
  /** Bytes of all layers. */
  readonly size: number;
  /** The folder of the registry that has it. */
  readonly location: string;
}

/** Makes an image of layers that nothing can compress, and pushes it to a registry, which has made the torrents then. */
export async function makeImage(
  place: Workplace,
  size: number,
  layerCount: number,
): Promise<FleetImage> {
  const folder = join(place.folder, 'image');
  await mkdir(folder);
  const layers: LabBlob[] = [];
  for (let index = 0; index < layerCount; index++) {
    const end = Math.round((size * (index + 1)) / layerCount);
    const begin = Math.round((size * index) / layerCount);
    layers.push(await writeRandomFile(join(folder, `layer-${index + 1}`), end - begin));
  }
  const location = join(place.folder, 'registry');
  const [repository, tag] = ['bench/image', '1'];
  const registry = await startRegistry(place, { location, logLevel: 'warn' });
  await pushLayers(registry.url, repository, tag, layers);
  for (const { digest } of layers) {
    const within = 60_000 + size / 1e5;
    await eventually('the torrents', () => getTorrent(registry.url, repository, digest), {
      within,
    });
  }
  await registry.program.stop();
  return { repository, tag, folder, layers, size, location };
}
