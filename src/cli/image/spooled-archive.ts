import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { addAbortSignal, pipeline, type Readable } from 'node:stream';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { codeOf, DocketError, messageOf } from '../../base/errors.ts';
import { writeAll } from '../../base/write-all.ts';
import type { LayerCompression } from '../../oci/archive-compose.ts';
import { ArchiveError } from '../../oci/archive-error.ts';
import { blobPath } from '../../oci/archive-layout.ts';
import { archivePath, linkTarget, type ArchivePath } from '../../oci/archive-path.ts';
import { digestAlgorithm, digestFromHex, type Digest } from '../../oci/digest.ts';
import type { SpoolFolder } from '../location.ts';
import { decompressor, sniffCompression } from './decompress.ts';
import { smallFile, storedFile } from './file-bytes.ts';
import type { LayoutFiles } from './layout-files.ts';
import type { StoredFile } from './image-source.ts';

/** A file that was in the archive. */
export interface SpooledFile extends StoredFile {
  readonly kind: 'file';
  /** The private temporary file that holds it. */
  readonly path: string;
  readonly sha256: Digest;
}

interface SpooledLink {
  readonly kind: 'link';
  readonly target: ArchivePath;
}

export interface SpoolOptions {
  readonly signal: AbortSignal;
  /** Called with the number of unpacked bytes that came since the last call. */
  readonly onBytes?: (bytes: number) => void;
}

/** No image has more; an archive of a million tiny files would fill the disk's table of files. */
const mostEntries = 100_000;
const mostLinks = 40;

/**
 * A tar, plain or compressed, unpacked into private temporary files. Names in the archive are keys of a table, never
 * paths on disk; links are followed inside the archive only.
 */
export class SpooledArchive implements LayoutFiles {
  readonly #entries: ReadonlyMap<ArchivePath, SpooledFile | SpooledLink>;

  private constructor(entries: ReadonlyMap<ArchivePath, SpooledFile | SpooledLink>) {
    this.#entries = entries;
  }

  /** Reads a whole archive. Throws ArchiveError ARCHIVE_INVALID, or what reading `source` or writing failed with. */
  static async read(
    source: Readable,
    folder: SpoolFolder,
    options: SpoolOptions,
  ): Promise<SpooledArchive> {
    const entries = new Map<ArchivePath, SpooledFile | SpooledLink>();
    const { signal, onBytes } = options;
    addAbortSignal(signal, source);
    try {
      const { compression, stream } = await sniffCompression(source);
      const decoder = createTarDecoder({ strict: true });
      await Promise.all([
        feed(unpacked(stream, compression, onBytes), decoder.writable),
        storeEntries(decoder.readable, folder, entries),
      ]);
    } catch (error) {
      signal.throwIfAborted();
      throw source.errored ?? archiveFailure(error);
    } finally {
      source.destroy();
    }
    return new SpooledArchive(entries);
  }

  /**
   * The file called `name`, through links. Undefined when there is none. Throws ArchiveError ARCHIVE_INVALID when links
   * run in a circle.
   */
  find(name: ArchivePath): SpooledFile | undefined {
    let entry = this.#entries.get(name);
    for (let links = 0; entry?.kind === 'link'; links++) {
      if (links === mostLinks) {
        throw new ArchiveError('ARCHIVE_INVALID', `the archive's links at ${name} run in a circle`);
      }
      entry = this.#entries.get(entry.target);
    }
    return entry;
  }

  async document(name: string, limit: number): Promise<Uint8Array | undefined> {
    const file = this.find(archivePath(name));
    return file === undefined ? undefined : smallFile(file, limit, name);
  }

  async blob(digest: Digest): Promise<StoredFile | undefined> {
    const file = this.find(archivePath(blobPath(digest)));
    if (file === undefined) return undefined;
    if (digestAlgorithm(digest) === 'sha256' && file.sha256 !== digest) {
      throw new ArchiveError(
        'ARCHIVE_DIGEST_MISMATCH',
        `the archive's blob ${digest} has the digest ${file.sha256}`,
      );
    }
    return file;
  }
}

async function* unpacked(
  packed: Readable,
  compression: LayerCompression,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  const unpack = decompressor(compression);
  if (unpack !== undefined) pipeline(packed, unpack, () => {});
  for await (const chunk of (unpack ?? packed) as AsyncIterable<Uint8Array>) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}

async function feed(
  bytes: AsyncIterable<Uint8Array>,
  tar: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = tar.getWriter();
  try {
    for await (const chunk of bytes) await writer.write(chunk);
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    throw error;
  }
}

/** What the tar or compression library found wrong; failures of disk and network stay what they are. */
function archiveFailure(error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof DocketError || (code !== undefined && /^E[A-Z]+$/.test(code))) return error;
  return new ArchiveError(
    'ARCHIVE_INVALID',
    `this is not a whole tar archive: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
}

async function storeEntries(
  tar: ReadableStream<ParsedTarEntry>,
  folder: SpoolFolder,
  entries: Map<ArchivePath, SpooledFile | SpooledLink>,
): Promise<void> {
  let count = 0;
  for await (const { header, body } of tar) {
    if (++count > mostEntries) {
      throw new ArchiveError('ARCHIVE_INVALID', `the archive has over ${mostEntries} entries`);
    }
    const name = archivePath(header.name);
    const { type } = header;
    if (type === undefined || type === 'file') {
      entries.set(name, await storeFile(body, folder.next()));
      continue;
    }
    await body.cancel();
    if (type === 'symlink' || type === 'link') {
      entries.set(name, { kind: 'link', target: linkTarget(name, type, header.linkname ?? '') });
    }
  }
}

async function storeFile(body: ReadableStream<Uint8Array>, path: string): Promise<SpooledFile> {
  const hash = createHash('sha256');
  let size = 0;
  await using handle = await open(path, 'wx', 0o600);
  for await (const chunk of body) {
    hash.update(chunk);
    await writeAll(handle, chunk, size);
    size += chunk.length;
  }
  return {
    kind: 'file',
    ...storedFile(path, size),
    sha256: digestFromHex('sha256', hash.digest('hex')),
  };
}
