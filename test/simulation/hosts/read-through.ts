import type { Download } from '../../../src/swarm/swarm-types.ts';
import type { Blob } from '../scenario/blob.ts';
import type { EngineHost } from './engine-host.ts';

/** The most bytes of one read. */
const most = 100_000;

/** Reads a blob from the front while it comes, as the agent's mirror does, and looks at what it is given. */
export async function readThrough(
  download: Download,
  { bytes, path }: Blob,
  host: EngineHost,
): Promise<void> {
  let offset = 0;
  try {
    while (offset < bytes.length) {
      const read = await download.read(offset, most);
      const isRight = bytes.subarray(offset, offset + read.length).equals(read);
      if (!isRight && !host.isRotten) host.wrong(`a reader is given wrong bytes of ${path}`);
      if (read.length === 0 || read.length > most)
        host.wrong(`a reader is given ${read.length} bytes`);
      offset += read.length;
    }
  } catch (error) {
    host.trace(() => `a reader of ${path} ends at ${offset}: ${String(error)}`);
  }
}
