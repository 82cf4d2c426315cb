import { formatBytes } from '../src/base/units.ts';
import type { Deployment } from './deploy.ts';

/** What the demo found, as `--json` prints it. */
export interface DemoResult {
  readonly hosts: number;
  readonly imageBytes: number;
  readonly rateBytesPerSecond: number;
  readonly swarm: Pick<Deployment, 'seconds' | 'registryBytes'>;
  readonly central: Pick<Deployment, 'seconds' | 'registryBytes'>;
  /** Hosts that verified every digest in both deployments. */
  readonly verified: number;
}

/** The two deployments side by side. */
export function describeResult(result: DemoResult): string {
  const { hosts, imageBytes, swarm, central, verified } = result;
  const row = (name: string, { seconds, registryBytes }: DemoResult['swarm']): string =>
    `  ${name.padEnd(20)}${`${seconds.toFixed(1)} s`.padStart(10)}` +
    `${formatBytes(registryBytes).padStart(16)}${(registryBytes / imageBytes).toFixed(2).padStart(10)}\n`;
  const least = imageBytes / result.rateBytesPerSecond;
  return (
    `\n  ${''.padEnd(20)}${'last host'.padStart(10)}${'registry sent'.padStart(16)}${'copies'.padStart(10)}\n` +
    row('through the swarm', swarm) +
    row(`${hosts} plain pulls`, central) +
    `\n  ${(central.seconds / swarm.seconds).toFixed(1)} times as fast; one copy on one link takes ${least.toFixed(1)} s.\n` +
    `  ${verified} of ${hosts} hosts verified every byte, both times.\n`
  );
}

/** What can be done with the running registry and agents. */
export function describeNext(registry: string, agents: readonly string[], image: string): string {
  const { host } = new URL(registry);
  const first = new URL(agents[0] ?? registry).host;
  return `
  The registry (and tracker) is at ${registry}, the hosts' mirrors at
${agents.map((agent) => `    ${agent}`).join('\n')}

  Try next, in another terminal:
    docker tag IMAGE ${host}/team/app:1 && docker push ${host}/team/app:1
    docker pull ${first}/team/app:1          # through the first host's agent and the swarm
    bin/docket -h ${registry} images
    bin/docket -h ${registry} pull ${image} -o image.tar
    curl ${agents[0] ?? registry}/api/v1/downloads

  Ctrl-C ends it all.
`;
}
