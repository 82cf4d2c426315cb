import type { Registry } from 'prom-client';

/** A table, in Markdown, of what is registered; without what Node itself tells. */
export function metricsReference(register: Registry): string {
  const rows = register
    .getMetricsAsArray()
    .map((metric) => ({ labelNames: [] as string[], ...metric }))
    .filter(({ name }) => !/^(process|nodejs)_/.test(name))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, help, type, labelNames }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${String(type)} | ${labels} | ${help} |`;
    });
  return ['| name | type | labels | what |', '|---|---|---|---|', ...rows, ''].join('\n');
}
