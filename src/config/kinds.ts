import { z } from 'zod';
import { logLevels } from '../base/log.ts';
import { read, scalar } from '../base/schema.ts';
import { parseDuration } from '../base/units.ts';
import { parseIpRange } from '../torrent/ip-range.ts';
import { parseZone } from '../torrent/zone.ts';
import { access } from './access-kind.ts';
import { boolean, list, nonEmpty, parseCount, words } from './kind-makers.ts';
import { parseListenPort } from './port.ts';
import { parseRateHours } from './rate-hours.ts';
import { parseRate } from './rate.ts';
import { retention } from './retention-kind.ts';
import { storage } from './storage-kind.ts';
import { parseTracker } from './tracker.ts';
import { webhooks } from './webhook-kind.ts';

const requiredRate = (text: string): number => parseRate(text) ?? Infinity;

/** How each kind of value is written and read. */
export const kinds = {
  access,
  text: scalar('a text', nonEmpty),
  texts: list('texts', (text) => [text], nonEmpty),
  port: scalar('a port', parseListenPort),
  boolean,
  duration: scalar('a duration like 30s', parseDuration),
  count: scalar('a number', parseCount),
  rate: scalar('a rate like 100MB/s', requiredRate),
  rateHours: z
    .union([z.string(), z.array(z.string())], {
      error: 'expected a list of hours like "08:00-18:00 upload=10MB/s"',
    })
    .transform((value, context) =>
      read(context, value, () => parseRateHours(typeof value === 'string' ? [value] : value)),
    ),
  networks: list('networks like 10.0.0.0/8', words, parseIpRange),
  trackers: list('trackers', words, parseTracker),
  zone: scalar('the name of a zone', parseZone),
  retention,
  storage,
  webhooks,
  logLevel: z.enum(logLevels),
} as const;

/** The values of each kind, as they are after reading. */
export type Kinds = { readonly [Kind in keyof typeof kinds]: z.output<(typeof kinds)[Kind]> };
