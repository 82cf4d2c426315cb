import { messageOf } from '../base/errors.ts';
import {
  type BencodeDictionary,
  type BencodeValue,
  decodeBencode,
  encodeBencode,
  isBytes,
  isDictionary,
  textOf,
} from './bencode.ts';
import { parseCompactPeers } from './compact-peers.ts';
import type { PeerAddress } from './ids.ts';
import { TrackerError } from './tracker-error.ts';

/** The most bytes of a tracker's answer that are read. */
export const largestTrackerAnswer = 64 * 1024;

/** The body by which a tracker says no (BEP 3). */
export function encodeTrackerFailure(reason: string): Buffer<ArrayBuffer> {
  return encodeBencode({ 'failure reason': reason });
}

/**
 * The dictionary of a tracker's answer of at most `largest` bytes. Throws TrackerError, `TRACKER_REFUSED` for a failure
 * reason.
 */
export function decodeTrackerAnswer(
  bytes: Uint8Array,
  largest = largestTrackerAnswer,
): BencodeDictionary {
  const answer = decode(bytes, largest);
  const failure = textOf(answer.get('failure reason'));
  if (failure !== undefined) throw new TrackerError('TRACKER_REFUSED', failure);
  return answer;
}

/** A number of an answer that counts something; undefined for anything else. */
export function countOf(value: BencodeValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

/** A row of compact peers (BEP 23, BEP 7); none where it is lacking. Throws TrackerError. */
export function compactPeersIn(
  value: BencodeValue | undefined,
  addressBytes: 4 | 16,
): PeerAddress[] {
  if (value === undefined) return [];
  const peers = isBytes(value) ? parseCompactPeers(value, addressBytes) : undefined;
  if (peers === undefined) throw unusableAnswer('its peers cannot be read');
  return peers;
}

/** What is thrown for an answer that cannot be understood. */
export function unusableAnswer(why: string, cause?: unknown): TrackerError {
  const message = `the tracker's answer is unusable: ${why}`;
  return new TrackerError('TRACKER_ANSWER_INVALID', message, { cause });
}

function decode(bytes: Uint8Array, largest: number): BencodeDictionary {
  let cause: unknown = new Error('it is not a dictionary');
  try {
    const answer = decodeBencode(bytes, { bytes: largest });
    if (isDictionary(answer)) return answer;
  } catch (error) {
    cause = error;
  }
  throw unusableAnswer(messageOf(cause), cause);
}
