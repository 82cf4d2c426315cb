import { codeOf, DocketError, messageOf } from '../base/errors.ts';

/** Why an announce or scrape went wrong. */
export type TrackerErrorCode =
  /** The tracker says no; the message is its own `failure reason`. */
  | 'TRACKER_REFUSED'
  /** The tracker's answer cannot be understood. */
  | 'TRACKER_ANSWER_INVALID'
  /** The tracker's answer is larger than any answer should be. */
  | 'TRACKER_ANSWER_TOO_LARGE'
  /** The tracker could not be connected to, or broke the connection. */
  | 'TRACKER_UNREACHABLE'
  /** The tracker did not answer in time. */
  | 'TRACKER_TIMEOUT'
  /** The tracker takes one torrent at a time. */
  | 'TRACKER_WITHOUT_BATCHES'
  /** The tracker's URL is of a kind that cannot be used. */
  | 'TRACKER_URL_INVALID'
  /** As a tracker: the request of a client cannot be understood. */
  | 'TRACKER_REQUEST_INVALID';

/** Raised by the tracker's codecs and by the client of trackers. */
export class TrackerError extends DocketError {
  declare readonly code: TrackerErrorCode;
}

/** What an announce of many torrents to a tracker ends with that takes one at a time. */
export function withoutBatches(url: string): TrackerError {
  const message = `the tracker ${url} takes one torrent at a time`;
  return new TrackerError('TRACKER_WITHOUT_BATCHES', message);
}

/** What an announce ends with when the connection to the tracker of that name failed. */
export function trackerUnreachable(name: string, cause: unknown): TrackerError {
  const message = `the tracker ${name} cannot be reached: ${codeOf(cause) ?? messageOf(cause)}`;
  return new TrackerError('TRACKER_UNREACHABLE', message, { cause });
}
