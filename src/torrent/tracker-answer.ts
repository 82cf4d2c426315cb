import { messageOf } from '../base/errors.ts';
import {
  type BencodeDictionary,
  decodeBencode,
  encodeBencode,
  isDictionary,
  textOf,
} from './bencode.ts';
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

function decode(bytes: Uint8Array, largest: number): BencodeDictionary {
  let cause: unknown = new Error('it is not a dictionary');
  try {
    const answer = decodeBencode(bytes, { bytes: largest });
    if (isDictionary(answer)) return answer;
  } catch (error) {
    cause = error;
  }
  const message = `the tracker's answer is unusable: ${messageOf(cause)}`;
  throw new TrackerError('TRACKER_ANSWER_INVALID', message, { cause });
}
