import { z } from 'zod';
import { about, object, read, scalar } from '../base/schema.ts';
import { parseDuration } from '../base/units.ts';
import { checkRetention } from '../registry/gc/retention-rules.ts';
import { list, nonEmpty, parseWhole, words } from './kind-makers.ts';

const rule = object({
  repositories: list('patterns like team/**', words, nonEmpty).meta(
    about('patterns of repositories: `*` is any text without a slash, `**` any text'),
  ),
  keepLast: scalar('a number of tags', parseWhole)
    .optional()
    .meta(about('how many tags stay, those that were pushed last; default: all')),
  keepTags: list('patterns like v*', words, nonEmpty)
    .optional()
    .meta(about('patterns of tags that stay in any case, and do not count; only with `keepLast`')),
  deleteUntaggedAfter: z
    .union([z.literal('never'), scalar('a duration, or never', parseDuration)], {
      error: 'expected a duration like 30d, or never',
    })
    .optional()
    .meta(
      about(
        'how long a manifest stays after its last tag went or it was last asked for, or `never`',
      ),
    ),
});

/** Which tags, and which manifests without a tag, stay. */
export const retention = z
  .array(rule, { error: 'expected a list of rules' })
  .superRefine((rules, context) => {
    read(context, rules, () => checkRetention({ grace: 0, rules }));
  });
