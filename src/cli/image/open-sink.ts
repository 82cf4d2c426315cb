import { stat } from 'node:fs/promises';
import { EngineClient } from '../engine/engine-client.ts';
import { parseEngineAddress, type EngineAddress } from '../engine/engine-address.ts';
import { UsageError } from '../usage-error.ts';
import { EngineSink } from './engine-sink.ts';
import { FileSink } from './file-sink.ts';
import type { ImageSink } from './image-sink.ts';
import { LayoutSink } from './layout-sink.ts';

/** Where a pulled image is to go. */
export type SinkPlace =
  /** `repository`: the image's name without tag. */
  | { readonly kind: 'engine'; readonly engine: EngineAddress; readonly repository: string }
  /** A file, or a folder when it is one or ends in `/`. */
  | { readonly kind: 'output'; readonly output: string };

/** Reads where an image is to go: where `output` says, else into the engine at `dockerHost`. Throws UsageError. */
export function readPlace(
  output: string | undefined,
  repository: string,
  dockerHost: string | undefined,
): SinkPlace {
  if (output === undefined) {
    return { kind: 'engine', engine: parseEngineAddress(dockerHost), repository };
  }
  if (output === '' || output === '-') {
    throw new UsageError(`"${output}" is no output: expected a file, or a folder that ends in /`);
  }
  return { kind: 'output', output };
}

/** Makes sure, before anything is pulled, that the image can go where it is to go. */
export async function openSink(place: SinkPlace, signal: AbortSignal): Promise<ImageSink> {
  if (place.kind === 'engine') {
    return new EngineSink(await EngineClient.connect(place.engine, signal), place.repository);
  }
  const { output } = place;
  const isFolder = output.endsWith('/') || (await isExistingFolder(output));
  return isFolder ? LayoutSink.open(output) : FileSink.open(output);
}

async function isExistingFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}
