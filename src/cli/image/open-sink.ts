import { stat } from 'node:fs/promises';
import { EngineClient } from '../engine/engine-client.ts';
import { parseEngineAddress } from '../engine/engine-address.ts';
import { UsageError } from '../usage-error.ts';
import { EngineSink } from './engine-sink.ts';
import { FileSink } from './file-sink.ts';
import type { ImageSink } from './image-sink.ts';
import { LayoutSink } from './layout-sink.ts';

/** Where a pulled image is to go: into the engine, or where `output` says. */
export interface SinkOptions {
  /** A file, or a folder when it is one or ends in `/`. */
  readonly output: string | undefined;
  /** The image's name without tag. */
  readonly repository: string;
  /** DOCKER_HOST. */
  readonly dockerHost: string | undefined;
}

/** Makes sure, before anything is pulled, that the image can go where it is to go. */
export async function openSink(options: SinkOptions, signal: AbortSignal): Promise<ImageSink> {
  const { output } = options;
  if (output === undefined) {
    const engine = await EngineClient.connect(parseEngineAddress(options.dockerHost), signal);
    return new EngineSink(engine, options.repository);
  }
  if (output === '' || output === '-') {
    throw new UsageError(`"${output}" is no output: expected a file, or a folder that ends in /`);
  }
  const isFolder = output.endsWith('/') || (await isExistingFolder(output));
  return isFolder ? LayoutSink.open(output) : FileSink.open(output);
}

async function isExistingFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}
