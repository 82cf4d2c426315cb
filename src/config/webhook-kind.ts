import { z } from 'zod';
import { about, object, scalar } from '../base/schema.ts';
import { parseDuration } from '../base/units.ts';
import { webhookActions } from '../server/webhooks/webhook.ts';
import { list, nonEmpty, parseCount, webUrl, words } from './kind-makers.ts';
import { secret } from './secret-kind.ts';
import { ValueError } from './value-error.ts';

function hookName(text: string): string {
  if (/^[A-Za-z0-9._-]{1,63}$/.test(text)) return text;
  throw new ValueError(`"${text}": expected 1 to 63 of the characters A-Z a-z 0-9 . _ -`);
}

const webhook = object({
  name: scalar('a name', hookName).meta(
    about('its name, in figures and in the log; messages wait under it over a restart'),
  ),
  url: scalar('a URL', webUrl).meta(about('where messages are posted to')),
  secret: secret.optional().meta(about('the key of their signature, or `file: PATH`')),
  token: secret.optional().meta(about('a bearer token to send along, or `file: PATH`')),
  actions: z
    .array(z.enum(webhookActions), { error: 'expected a list of push and delete' })
    .optional()
    .meta(about('`push`, `delete`; default: both')),
  repositories: list('patterns like team/**', words, nonEmpty)
    .optional()
    .meta(about('patterns like `team/**`; default: all')),
  timeout: scalar('a duration', parseDuration)
    .optional()
    .meta(about('for one attempt; default 10s')),
  retryDelay: scalar('a duration', parseDuration)
    .optional()
    .meta(about('until the second attempt, doubled with each further one up to 5m; default 1s')),
  giveUpAfter: scalar('a duration', parseDuration)
    .optional()
    .meta(about('after which a message is dropped; default 24h')),
  backlog: scalar('a number', parseCount)
    .optional()
    .meta(about('the most messages that wait; default 10000')),
});

/** Who is told of changes. */
export const webhooks = z
  .array(webhook, { error: 'expected a list of webhooks' })
  .superRefine((all, context) => {
    for (const [index, { name }] of all.entries()) {
      if (all.findIndex((other) => other.name === name) === index) continue;
      const message = `there are two webhooks "${name}"`;
      context.issues.push({ code: 'custom', input: name, path: [index, 'name'], message });
    }
  });
