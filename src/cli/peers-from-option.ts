import { messageOf } from '../base/errors.ts';
import { parseIpRange, type IpRange } from '../torrent/ip-range.ts';
import { UsageError } from './usage-error.ts';

/** The networks of peers as they were typed. Throws UsageError. */
export function readPeersFrom(texts: readonly string[]): readonly IpRange[] {
  try {
    return texts.map(parseIpRange);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}
