import { configJsonSchema } from './config-schema.ts';
import { sections, sectionNames } from './sections.ts';
import { flagOf, structuredKinds, variableOf, type Setting, type Settings } from './setting.ts';

const head = `# Settings

<!-- Made by \`npm run reference\` of src/config: do not edit. -->

Every setting can stand in a file, in the environment, and most as a flag. A flag counts before a variable, a variable before
the file, the file before the default. The file is the one that \`--config\` names, else \`DOCKET_CONFIG\`, else
\`/etc/docket/docket.yaml\` if it is there. \`docket config show\` tells each value and where it comes from, \`docket config check FILE\`
what is wrong with a file; [docket.schema.json](docket.schema.json) is its JSON schema. How to use them:
[configuration](../how-to/configuration.md).

Sizes and rates are written like \`64KiB\` or \`100MB/s\`, durations like \`45s\`, \`10m\` or \`1h30m\`. A list is one in the file; in a
variable its parts stand with commas between. What has parts of its own stands in a variable as JSON.
`;

/** The reference of all settings, in Markdown. */
export function configReference(): string {
  const parts = sectionNames.map((section) => {
    const settings: Settings = sections[section];
    const rows = Object.entries(settings).map(([name, setting]) =>
      row([
        `\`${name}\``,
        codeOr(flagOf(setting)),
        `\`${variableOf(section, name)}\``,
        without(setting),
        setting.text,
      ]),
    );
    const heads = [row(['key', 'flag', 'variable', 'without it', 'what']), '|---|---|---|---|---|'];
    const structured = Object.keys(settings).filter((name) =>
      structuredKinds.has(settings[name]?.kind ?? 'text'),
    );
    const nested = structured.map((name) => partsOf(`${section}.${name}`, schemaOf(section, name)));
    return `\n## ${section}\n\n${[...heads, ...rows].join('\n')}\n${nested.join('')}`;
  });
  return head + parts.join('');
}

/** As much of a JSON schema as is needed to tell of it. */
interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

function schemaOf(section: string, name: string): Schema {
  const file: Schema = configJsonSchema();
  return file.properties?.[section]?.properties?.[name] ?? {};
}

/** A table of the keys of an object, or of each object of a list, and of those within. */
function partsOf(name: string, schema: Schema): string {
  // What may be written as a text, too, has its parts in one of the forms.
  const form = schema.anyOf?.find(({ properties: parts = {} }) =>
    Object.values(parts).some(({ description }) => description !== undefined),
  );
  const { properties, required = [] } = schema.items ?? form ?? schema;
  if (properties === undefined) return '';
  const label = schema.items === undefined ? name : `${name}[]`;
  const rows = Object.entries(properties).map(([key, { description = '' }]) =>
    row([`\`${key}\``, required.includes(key) ? 'must be given' : '', description]),
  );
  const heads = [row(['key', '', 'what']), '|---|---|---|'];
  const inner = Object.entries(properties).map(([key, part]) => partsOf(`${label}.${key}`, part));
  return `\n### ${label}\n\n${[...heads, ...rows].join('\n')}\n${inner.join('')}`;
}

function without(setting: Setting): string {
  if (setting.required === true) return 'must be given';
  if (setting.default !== undefined) return `\`${String(setting.default)}\``;
  return setting.otherwise ?? '';
}

function codeOr(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
