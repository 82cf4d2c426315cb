import { startRegistry, type RegistryProcess } from '../../../test/lab/docket.ts';
import { roleSettings } from './role-settings.ts';
import type { Contest } from './contender.ts';

export interface Origin {
  readonly registry: RegistryProcess;
  /** Bytes of blobs and pieces that it has sent since it was ready. */
  sent(): Promise<number>;
}

/** Starts the registry that has the image, on the origin's host. */
export async function startOrigin({
  place,
  network,
  image,
  options,
  meter,
}: Contest): Promise<Origin> {
  const registry = await startRegistry(place, {
    host: network.origin,
    location: image.location,
    ...roleSettings('registry', options),
  });
  meter.watch('origin', registry.program);
  const before = await registry.sent();
  return {
    registry,
    async sent() {
      return (await registry.sent()).total - before.total;
    },
  };
}
