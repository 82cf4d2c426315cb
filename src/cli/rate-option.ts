import { parseBytes } from '../base/units.ts';
import { UsageError } from './usage-error.ts';

/** Bytes a second as they were typed, like `100MB/s`. Throws UnitError, and UsageError for a link that carries nothing. */
export function parseRate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const rate = parseBytes(text);
  if (rate > 0) return rate;
  throw new UsageError(`"${text}" is no rate of a link: expected one like 100MB/s`);
}
