import { Readable } from 'node:stream';
import { createTarPacker, type TarPackController } from 'modern-tar';
import {
  archiveManifest,
  blobPath,
  indexEntry,
  layoutIndex,
  layoutMarker,
} from '../../oci/archive-layout.ts';
import type { PulledImage } from './image-sink.ts';

/** Same image, same tar. */
const mtime = new Date(0);

/**
 * The tar that every engine loads: an OCI layout with the image's own manifest and blobs, and the `manifest.json` that
 * docker needs until 24. A failure to read a blob is the stream's error.
 */
export function imageTar(image: PulledImage): Readable {
  const { readable, controller } = createTarPacker();
  writeEntries(image, controller).then(
    () => controller.finalize(),
    (error: unknown) => controller.error(error),
  );
  return Readable.fromWeb(readable);
}

async function writeEntries(image: PulledImage, tar: TarPackController): Promise<void> {
  const algorithms = new Set(
    [image.digest, ...image.blobs.keys()].map((digest) => blobPath(digest).split('/')[1]),
  );
  await addBytes(tar, 'oci-layout', Buffer.from(layoutMarker));
  await addBytes(tar, 'index.json', Buffer.from(layoutIndex([indexEntry(image)])));
  await addBytes(tar, 'manifest.json', Buffer.from(archiveManifest(image)));
  for (const folder of ['blobs/', ...[...algorithms].map((algorithm) => `blobs/${algorithm}/`)]) {
    await tar.add({ name: folder, size: 0, type: 'directory', mtime, mode: 0o755 }).close();
  }
  await addBytes(tar, blobPath(image.digest), image.manifestBytes);
  for (const [digest, blob] of image.blobs) {
    const header = { name: blobPath(digest), size: blob.size, mtime, mode: 0o644 };
    const writer = tar.add(header).getWriter();
    for await (const chunk of blob.open() as AsyncIterable<Uint8Array>) await writer.write(chunk);
    await writer.close();
  }
}

async function addBytes(tar: TarPackController, name: string, bytes: Uint8Array): Promise<void> {
  const writer = tar.add({ name, size: bytes.length, mtime, mode: 0o644 }).getWriter();
  if (bytes.length > 0) await writer.write(bytes);
  await writer.close();
}
