import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { Host } from './hosts.ts';
import type { Lab } from './lab.ts';
import type { RunOptions } from './workplace.ts';
import type { Program } from './program.ts';

export interface DockerdOptions {
  readonly host: Host;
  /** What it asks before Docker Hub. */
  readonly mirror?: string;
  /** `HOST:PORT` of registries that speak plain HTTP. */
  readonly insecure?: readonly string[];
}

/** A Docker engine of its own, with its own data, on one host. */
export interface Dockerd {
  readonly host: Host;
  readonly program: Program;
  /** `unix://…` of its API, as DOCKER_HOST takes it. */
  readonly address: string;
  /** Runs `docker ARGUMENTS` against it and gives the output. */
  docker(command: readonly string[], options?: RunOptions): Promise<string>;
  /** The image ID (the digest of its config) that a name stands for. */
  imageId(name: string): Promise<string>;
}

/**
 * Starts dockerd on a host, in a process and mount tree of its own, so that nothing of its containers is left behind. It
 * stays in the machine's own view of /sys: it needs the cgroups that are mounted there.
 */
export async function startDockerd(lab: Lab, options: DockerdOptions): Promise<Dockerd> {
  const { host } = options;
  const folder = await lab.newFolder(`dockerd-${host.name}`);
  const address = `unix://${join(folder, 'docker.sock')}`;
  const config = join(folder, 'daemon.json');
  await writeFile(config, '{}');
  const command = [
    'dockerd',
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--pidfile=${join(folder, 'pid')}`,
    `--config-file=${config}`,
    `--host=${address}`,
    '--log-level=warn',
    '--bridge=none',
    '--iptables=false',
    '--ip6tables=false',
    ...(options.mirror === undefined ? [] : [`--registry-mirror=${options.mirror}`]),
    ...(options.insecure ?? []).map((registry) => `--insecure-registry=${registry}`),
  ];
  const name = `dockerd on ${host.name}`;
  const program = lab.start(command, { name, host, isolated: true });
  const docker: Dockerd['docker'] = (rest, more) =>
    lab.run(['docker', '--host', address, ...rest], {
      name: `docker ${rest[0]} on ${host.name}`,
      host,
      environment: { DOCKER_CONFIG: folder },
      ...more,
    });
  await eventually(
    `an answer of ${name}`,
    async () => {
      if (program.ending === undefined) await docker(['version'], { within: 5_000 });
      return true;
    },
    { details: () => program.report(), within: 40_000, every: 100 },
  );
  if (program.ending !== undefined) throw new Error(`${name} ended${program.report()}`);
  return {
    host,
    program,
    address,
    docker,
    async imageId(image) {
      return (await docker(['image', 'inspect', '--format', '{{.Id}}', image])).trim();
    },
  };
}
