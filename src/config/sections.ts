import { agentSettings } from './agent-settings.ts';
import { registrySettings } from './registry-settings.ts';
import type { SectionName, Settings } from './setting.ts';

/** Everything that can be set, by the sections of a file. */
export const sections = {
  registry: registrySettings,
  agent: agentSettings,
} as const satisfies Readonly<Record<SectionName, Settings>>;

export const sectionNames = Object.keys(sections) as readonly SectionName[];
