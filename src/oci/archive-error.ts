import { DocketError } from '../base/errors.ts';

/** What can be wrong with an image archive or an image layout. */
export type ArchiveErrorCode =
  /** The tar, or a document in it, is damaged, too large, or names something outside of the archive. */
  | 'ARCHIVE_INVALID'
  /** The archive holds no such image, or several of which none was named. */
  | 'ARCHIVE_IMAGE_UNKNOWN'
  /** A document names a layer, config or manifest that the archive lacks. */
  | 'ARCHIVE_BLOB_ABSENT'
  /** Content differs from the digest it is named by. */
  | 'ARCHIVE_DIGEST_MISMATCH';

/** An image archive (`docker save`) or OCI image layout that cannot be used. */
export class ArchiveError extends DocketError {
  declare readonly code: ArchiveErrorCode;
}
