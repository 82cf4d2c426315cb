import type { BlobProgress } from '../../agent/fetch/blob-reader.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import type { Repository } from '../../oci/reference.ts';
import type { StoredFile } from '../image/image-source.ts';

/** What is told of a blob under way. */
export type FetchProgress = Pick<
  BlobProgress,
  | 'verified'
  | 'pieceCount'
  | 'piecesVerified'
  | 'peers'
  | 'rate'
  | 'bytesFromPeers'
  | 'bytesFromRegistry'
>;

/** Where `docket pull` gets blobs from: this host's agent, or the swarm itself. */
export interface BlobSource extends AsyncDisposable {
  /** In a few words, for the user. */
  readonly description: string;
  /** The blob as a file, whole and verified. `onProgress` is called now and then. */
  fetch(
    repository: Repository,
    blob: Descriptor,
    onProgress: (progress: FetchProgress) => void,
    signal: AbortSignal,
  ): Promise<StoredFile>;
  /** Removes what was fetched: to be called when it has gone where it was to go. */
  forget(): Promise<void>;
  close(): Promise<void>;
}
