import type { AnnounceBatchResponse } from '../torrent/announce-batch.ts';
import type { AnnounceRequest, AnnounceResponse } from '../torrent/announce.ts';
import { TrackerError, withoutBatches } from '../torrent/tracker-error.ts';
import type { TrackerClient } from './tracker-client.ts';
import { UdpTracker, type UdpTrackerOptions } from './udp-tracker.ts';

/** Tells UDP trackers, `udp://host:port/path`, about this peer's torrents (BEP 15, 41). */
export class UdpTrackerClient implements TrackerClient {
  readonly #options: UdpTrackerOptions;
  /** By host and port. */
  readonly #trackers = new Map<string, UdpTracker>();
  readonly #abort = new AbortController();

  constructor(options: UdpTrackerOptions) {
    this.#options = options;
  }

  async announce(
    url: string,
    request: AnnounceRequest,
    signal?: AbortSignal,
  ): Promise<AnnounceResponse> {
    const parsed = URL.parse(url);
    if (parsed?.protocol !== 'udp:' || parsed.port === '' || parsed.hostname === '') {
      throw new TrackerError('TRACKER_URL_INVALID', `"${url}" is not the URL of a UDP tracker`);
    }
    const tracker = this.#trackers.get(parsed.host) ?? new UdpTracker(parsed, this.#options);
    this.#trackers.set(parsed.host, tracker);
    const signals = [this.#abort.signal, ...(signal ? [signal] : [])];
    return await tracker.announce(
      request,
      `${parsed.pathname}${parsed.search}`,
      AbortSignal.any(signals),
    );
  }

  announceBatch(url: string): Promise<AnnounceBatchResponse> {
    return Promise.reject(withoutBatches(url));
  }

  /** Ends the announces that are under way. */
  close(): Promise<void> {
    this.#abort.abort(new TrackerError('TRACKER_UNREACHABLE', 'the tracker client is closed'));
    for (const tracker of this.#trackers.values()) tracker.close();
    this.#trackers.clear();
    return Promise.resolve();
  }
}
