import { parseBytes } from '../base/units.ts';
import { ValueError } from './value-error.ts';

/** Bytes a second: on a slower link peers give each other up before a piece is there. */
const slowest = 10_000;

/** Bytes a second as they were typed, like `100MB/s`. Throws UnitError, and ValueError for less than 10 kB/s. */
export function parseRate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const rate = parseBytes(text);
  if (rate >= slowest) return rate;
  throw new ValueError(`"${text}" is too slow for a link: expected at least 10kB/s, like 100MB/s`);
}
