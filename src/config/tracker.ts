import { trackerUrlOf } from '../server/tracker-url.ts';
import { ValueError } from './value-error.ts';

/** A tracker: `HOST:PORT`, an IPv6 address in brackets, `udp://HOST:PORT` or an announce URL. Throws ValueError. */
export function parseTracker(text: string): string {
  if (trackerUrlOf(text) !== undefined) return text;
  throw new ValueError(
    `"${text}" is not a tracker: expected HOST:PORT, like 10.0.0.5:6969 or [fd00::5]:6969, ` +
      'udp://HOST:PORT, or an announce URL',
  );
}
