import { sections, sectionNames } from './sections.ts';
import { flagOf, variableOf, type Setting } from './setting.ts';

const head = `# Settings

<!-- Made by \`npm run reference\` of src/config: do not edit. -->

Every setting can stand in a file, in the environment, and most as a flag. A flag counts before a variable, a variable before
the file, the file before the default. The file is the one that \`--config\` names, else \`DOCKET_CONFIG\`, else
\`/etc/docket/docket.yaml\` if it is there. \`docket config show\` tells each value and where it comes from, \`docket config check FILE\`
what is wrong with a file; [docket.schema.json](docket.schema.json) is its JSON schema. How to use them:
[configuration](../how-to/configuration.md).

Sizes and rates are written like \`64KiB\` or \`100MB/s\`, durations like \`45s\`, \`10m\` or \`1h30m\`. A list is one in the file; in a
variable its parts stand with commas between.
`;

/** The reference of all settings, in Markdown. */
export function configReference(): string {
  const parts = sectionNames.map((section) => {
    const rows = Object.entries(sections[section]).map(([name, setting]) =>
      row([
        `\`${name}\``,
        codeOr(flagOf(setting)),
        `\`${variableOf(section, name)}\``,
        without(setting),
        setting.text,
      ]),
    );
    const heads = [row(['key', 'flag', 'variable', 'without it', 'what']), '|---|---|---|---|---|'];
    return `\n## ${section}\n\n${[...heads, ...rows].join('\n')}\n`;
  });
  return head + parts.join('');
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
