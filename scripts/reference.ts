/** Writes the reference documents that are made of the code: `npm run reference`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AgentMetrics, type AgentMetricsSources } from '../src/agent/mirror/agent-metrics.ts';
import { Unlimited } from '../src/base/rate-limiter.ts';
import { configReference } from '../src/config/config-reference.ts';
import { configJsonSchema } from '../src/config/config-schema.ts';
import { metricsReference } from '../src/observe/metrics-reference.ts';
import { GcFigures } from '../src/server/gc-figures.ts';
import { ServerMetrics } from '../src/server/server-metrics.ts';
import { Traffic } from '../src/server/traffic.ts';

const metricsHead = `# Figures

<!-- Made by \`npm run reference\` of the registrations: do not edit. -->

What \`GET /metrics\` tells Prometheus, beside the usual ones of a Node process (\`process_*\`, \`nodejs_*\`). How to use them:
[observability](../how-to/observability.md).
`;

/** The registrations stand there before anything is counted, so that nothing needs to run. */
function metricsDocument(): string {
  const nothing = (): never => {
    throw new Error('nothing is counted here');
  };
  const registry = new ServerMetrics({
    traffic: new Traffic(new Unlimited(), new Unlimited()),
    swarm: nothing,
    storage: nothing,
    gc: new GcFigures(Date.now),
    uploads: nothing,
  });
  const agent = new AgentMetrics({} as AgentMetricsSources);
  const parts = [
    metricsHead,
    '## Registry\n',
    metricsReference(registry.register),
    '## Agent\n',
    metricsReference(agent.register),
  ];
  return parts.join('\n');
}

/** The documents, by their paths from the project's root. */
export function references(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/metrics.md', metricsDocument()],
    ['docs/reference/configuration.md', configReference()],
    ['docs/reference/docket.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ]);
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname);
  for (const [path, text] of references()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}
