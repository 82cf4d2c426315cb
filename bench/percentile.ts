/** The smallest time within which that part of the hosts had everything; null when they never had, or there are none. */
export function percentile(times: readonly (number | undefined)[], part: number): number | null {
  const sorted = times.map((time) => time ?? Infinity).sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Infinity;
  return found === Infinity ? null : found;
}
