import type { AnnounceBatch, AnnounceBatchResponse } from '../torrent/announce-batch.ts';
import type { AnnounceRequest, AnnounceResponse } from '../torrent/announce.ts';

/** Speaks with trackers, handed in: over HTTP and UDP in the product, in memory in a simulation. */
export interface TrackerClient {
  /**
   * Announces to the tracker at `url`. Throws TrackerError, `TRACKER_REFUSED` when the tracker says no to this torrent;
   * rejects with the signal's reason when it aborts.
   */
  announce(url: string, request: AnnounceRequest, signal?: AbortSignal): Promise<AnnounceResponse>;
  /**
   * Announces many torrents in one request. Throws TrackerError, `TRACKER_WITHOUT_BATCHES` when the tracker takes only one
   * at a time, and as `announce` does.
   */
  announceBatch(
    url: string,
    batch: AnnounceBatch,
    signal?: AbortSignal,
  ): Promise<AnnounceBatchResponse>;
}
