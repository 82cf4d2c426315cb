import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ArchiveError } from '../../oci/archive-error.ts';
import { digestAlgorithm, digestHex } from '../../oci/digest.ts';
import type { SourceBlob } from '../image/image-source.ts';

/**
 * A blob's bytes, of which the last is given only when the digest is right: wrong content never
 * arrives whole. `onSent` is told the number of bytes so far. Throws ArchiveError ARCHIVE_DIGEST_MISMATCH.
 */
export async function* checkedBytes(
  file: Readable,
  blob: SourceBlob,
  onSent: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash(digestAlgorithm(blob.digest));
  let sent = 0;
  for await (const chunk of file as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    sent += chunk.length;
    if (sent >= blob.size) {
      const hex = hash.digest('hex');
      if (sent > blob.size || hex !== digestHex(blob.digest)) throw changed(blob);
      yield chunk;
      onSent(sent);
      return;
    }
    yield chunk;
    onSent(sent);
  }
  if (blob.size !== 0) throw changed(blob);
}

function changed(blob: SourceBlob): ArchiveError {
  return new ArchiveError(
    'ARCHIVE_DIGEST_MISMATCH',
    `the content of the blob ${blob.digest} is not what its digest and size say`,
  );
}
