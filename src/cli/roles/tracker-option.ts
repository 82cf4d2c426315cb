import { parsePort } from '../registry-url.ts';
import { isHostAndPort } from '../../server/own-address.ts';
import { UsageError } from '../usage-error.ts';

/** `HOST:PORT` of a tracker, an IPv6 address in brackets. Throws UsageError. */
export function parseTracker(text: string): string {
  const port = /:(\d+)$/.exec(text)?.[1];
  if (port === undefined || !isHostAndPort(text) || !URL.canParse(`http://${text}`)) {
    throw new UsageError(
      `"${text}" is not a tracker: expected HOST:PORT, like 10.0.0.5:6969 or [fd00::5]:6969`,
    );
  }
  parsePort(port);
  return text;
}
