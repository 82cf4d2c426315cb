import { isWithin, type RateHours } from '../base/link-limits.ts';
import { parseRate } from './rate.ts';
import { ValueError } from './value-error.ts';

const form = 'expected like "08:00-18:00 upload=10MB/s download=20MB/s"';

/**
 * Limits for parts of the day as they were typed, such as `08:00-18:00 upload=10MB/s download=unlimited` or
 * `22:00-06:00 rate=100MB/s`; several in one text with `,` between. Throws ValueError and UnitError.
 */
export function parseRateHours(texts: readonly string[]): readonly RateHours[] {
  const all = texts.flatMap((text) => text.split(',')).map((text) => parseOne(text.trim()));
  for (const [index, hours] of all.entries()) {
    for (const other of all.slice(0, index)) refuseOverlap(hours, other);
  }
  return all;
}

function parseOne(text: string): RateHours {
  const [span = '', ...settings] = text.split(/\s+/);
  const [, from, until] = /^(\d\d?:\d\d)-(\d\d?:\d\d)$/.exec(span) ?? [];
  if (from === undefined || until === undefined) throw invalid(text, form);
  const hours = { from: parseTime(from, text), until: parseTime(until, text) % minutesOfDay };
  if (hours.from === minutesOfDay) throw invalid(text, 'a day begins at 00:00');
  if (hours.from === hours.until) throw invalid(text, 'they end when they begin');
  if (settings.length === 0) throw invalid(text, `no rate is given: ${form}`);
  const rates: { upload?: number; download?: number } = {};
  for (const setting of settings) {
    const [, name = '', value = ''] = /^(upload|download|rate)=(.+)$/.exec(setting) ?? [];
    if (name === '') throw invalid(text, form);
    const rate = value === 'unlimited' ? Infinity : (parseRate(value) ?? Infinity);
    for (const direction of name === 'rate' ? (['upload', 'download'] as const) : [name]) {
      const key = direction === 'upload' ? 'upload' : 'download';
      if (rates[key] !== undefined) throw invalid(text, `the ${key} rate is given twice`);
      rates[key] = rate;
    }
  }
  return { ...hours, ...rates };
}

const minutesOfDay = 24 * 60;

/** Minutes since midnight; 24:00 is the end of the day. */
function parseTime(time: string, text: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  const minute = hours * 60 + minutes;
  if (minutes > 59 || minute > minutesOfDay) throw invalid(text, `there is no ${time} o'clock`);
  return minute;
}

/** Two limits for the same minute and direction leave open which one is meant. */
function refuseOverlap(hours: RateHours, other: RateHours): void {
  const isSame = (['upload', 'download'] as const).some(
    (direction) => hours[direction] !== undefined && other[direction] !== undefined,
  );
  if (isSame && (isWithin(hours, other.from) || isWithin(other, hours.from))) {
    throw new ValueError(
      `two of the rate hours give a limit for ${clockTime(isWithin(hours, other.from) ? other.from : hours.from)}`,
    );
  }
}

function clockTime(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

function invalid(text: string, why: string): ValueError {
  return new ValueError(`"${text}" are no rate hours: ${why}`);
}
