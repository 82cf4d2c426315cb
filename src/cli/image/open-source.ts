import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { codeOf, messageOf } from '../../base/errors.ts';
import { ArchiveError } from '../../oci/archive-error.ts';
import { CliError } from '../cli-error.ts';
import type { EngineClient } from '../engine/engine-client.ts';
import { SpoolFolder } from '../location.ts';
import { openArchive, openLayout, type WantedImage } from './archive-source.ts';
import { readChunk } from './file-bytes.ts';
import type { ImageSource } from './image-source.ts';
import { LayerMemory } from './layer-memory.ts';
import { LayoutFolder } from './layout-files.ts';
import { SpooledArchive } from './spooled-archive.ts';

export interface OpenOptions {
  /** The client's folder. */
  readonly location: string;
  readonly signal: AbortSignal;
  /** Called with the number of bytes read since the last call. */
  readonly onBytes?: (bytes: number) => void;
}

/** An image of the local engine. Throws CliError ENGINE_IMAGE_UNKNOWN, and as `openArchive`. */
export async function openEngineImage(
  engine: EngineClient,
  wanted: WantedImage,
  options: OpenOptions,
): Promise<ImageSource> {
  const id = await engine.imageId(wanted.name, options.signal);
  if (id === undefined) {
    throw new CliError('ENGINE_IMAGE_UNKNOWN', `the container engine has no image ${wanted.name}`, {
      hint: '`docker images` lists what it has; --from takes an image from a file or folder.',
    });
  }
  const tar = await engine.save(wanted.name, options.signal);
  try {
    return await spooled(tar, wanted, options, id);
  } catch (error) {
    if (error !== tar.errored) throw error;
    throw new CliError(
      'ENGINE_FAILED',
      `the container engine stopped in the middle of the image: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** An image in a `docker save` tar, an OCI layout's tar, or an OCI layout's folder. */
export async function openFile(
  path: string,
  wanted: WantedImage,
  options: OpenOptions,
): Promise<ImageSource> {
  const found = await stat(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw new CliError('FILE_UNKNOWN', `there is no file or folder ${path}`, { cause: error });
  });
  try {
    if (found.isDirectory()) return await openLayout(new LayoutFolder(path), wanted);
    const tar = createReadStream(path, { highWaterMark: readChunk });
    return await spooled(tar, wanted, options);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw new ArchiveError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}

async function spooled(
  tar: Readable,
  wanted: WantedImage,
  options: OpenOptions,
  expectedId?: string,
): Promise<ImageSource> {
  const spool = await SpoolFolder.create(options.location);
  try {
    const archive = await SpooledArchive.read(tar, spool, options);
    const memory = await LayerMemory.open(options.location);
    return await openArchive(archive, wanted, { spool, memory }, expectedId);
  } catch (error) {
    await spool.close();
    throw error;
  } finally {
    tar.destroy();
  }
}
