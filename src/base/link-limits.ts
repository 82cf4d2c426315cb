import type { Clock } from './clock.ts';
import { createRateLimiter, TokenBucket, type RateLimiter } from './rate-limiter.ts';

/** Limits of a link in bytes a second; undefined: none. */
export interface LinkRates {
  readonly upload?: number | undefined;
  readonly download?: number | undefined;
}

/**
 * Other limits for a part of each day, in minutes since midnight: from `from` up to, not including, `until`, over midnight
 * when `until` is not later. A direction that is not named keeps its usual limit; Infinity lifts it.
 */
export interface RateHours extends LinkRates {
  readonly from: number;
  readonly until: number;
}

/** The limits of a link, and those of parts of the day. */
export interface LinkLimits extends LinkRates {
  readonly hours?: readonly RateHours[];
}

/** The same limit each way. */
export function bothWays(bytesPerSecond: number | undefined): LinkLimits {
  return { upload: bytesPerSecond, download: bytesPerSecond };
}

/** True when `minute` of the day lies in these hours. */
export function isWithin({ from, until }: RateHours, minute: number): boolean {
  if (from < until) return from <= minute && minute < until;
  return from <= minute || minute < until;
}

/** The limits at a minute of the day. Of hours that overlap the first that name a direction count. */
export function ratesAt(limits: LinkLimits, minute: number): LinkRates {
  const current = (limits.hours ?? []).filter((hours) => isWithin(hours, minute));
  const rateOf = (direction: 'upload' | 'download'): number | undefined => {
    const special = current.find((hours) => hours[direction] !== undefined)?.[direction];
    return special === Infinity ? undefined : (special ?? limits[direction]);
  };
  return { upload: rateOf('upload'), download: rateOf('download') };
}

/** A link whose limits follow the hours until it is stopped. */
export interface LimitedLink {
  readonly upload: RateLimiter;
  readonly download: RateLimiter;
  stop(): void;
}

const minuteLength = 60_000;

/** `wallTime` gives milliseconds since 1970; the hours are those of this host's time zone. */
export function limitLink(limits: LinkLimits, clock: Clock, wallTime: () => number): LimitedLink {
  if (limits.hours === undefined || limits.hours.length === 0) {
    const upload = createRateLimiter(limits.upload, clock);
    return { upload, download: createRateLimiter(limits.download, clock), stop: () => {} };
  }
  const rates = ratesAt(limits, minuteOfDay(wallTime()));
  const upload = new TokenBucket(rates.upload, clock);
  const download = new TokenBucket(rates.download, clock);
  let cancel = untilNextMinute();
  // Each minute anew: the host's time may be set, and days are not all alike.
  function untilNextMinute(): () => void {
    return clock.after(minuteLength - (wallTime() % minuteLength), () => {
      const now = ratesAt(limits, minuteOfDay(wallTime()));
      if (now.upload !== upload.rate) upload.rate = now.upload;
      if (now.download !== download.rate) download.rate = now.download;
      cancel = untilNextMinute();
    });
  }
  return { upload, download, stop: () => cancel() };
}

function minuteOfDay(time: number): number {
  const date = new Date(time);
  return date.getHours() * 60 + date.getMinutes();
}
