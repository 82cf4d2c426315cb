import { docket } from './docket.ts';
import type { Host } from './hosts.ts';
import type { Lab } from './lab.ts';

export interface DocketClientOptions {
  readonly host?: Host;
  /** `unix://…` of the Docker engine that it takes images from and loads them into. */
  readonly engine?: string;
}

/** Runs a client verb of Docket, such as `push`, to its end and gives what it printed. */
export async function runDocket(
  lab: Lab,
  command: readonly string[],
  options: DocketClientOptions = {},
): Promise<string> {
  const { host, engine } = options;
  return lab.run([...docket, ...command], {
    name: `docket ${command.join(' ')}`,
    ...(host === undefined ? {} : { host }),
    environment: { DOCKER_HOST: engine ?? `unix://${lab.folder}/no-engine.sock` },
  });
}
