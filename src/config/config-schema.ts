import { z } from 'zod';
import { kinds } from './kinds.ts';
import { sections } from './sections.ts';
import type { Settings } from './setting.ts';

/** The JSON schema (draft 2020-12) of a configuration file, for editors and other checkers. */
export function configJsonSchema(): object {
  const file = z
    .strictObject({
      registry: sectionSchema(sections.registry, 'What docket registry is told.').optional(),
      agent: sectionSchema(sections.agent, 'What docket agent is told.').optional(),
    })
    .meta({ title: 'Configuration of Docket' });
  return z.toJSONSchema(file, { io: 'input', unrepresentable: 'any' });
}

function sectionSchema(settings: Settings, description: string): z.ZodType {
  const shape = Object.entries(settings).map(([name, setting]) => {
    const without = setting.default ?? setting.otherwise;
    const description =
      without === undefined ? setting.text : `${setting.text}; default: ${String(without)}`;
    // A file need not say all: a flag or a variable may.
    return [name, kinds[setting.kind].meta({ description }).optional()] as const;
  });
  return z.strictObject(Object.fromEntries(shape)).meta({ description });
}
