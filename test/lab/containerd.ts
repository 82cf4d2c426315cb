import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { Host } from './hosts.ts';
import type { Lab } from './lab.ts';
import type { RunOptions } from './workplace.ts';
import type { Program } from './program.ts';

/** A containerd of its own, with its own data, on one host. */
export interface Containerd {
  readonly program: Program;
  /** The folder for `--hosts-dir`. */
  readonly hostsFolder: string;
  /** Runs `ctr ARGUMENTS` against it and gives the output. */
  ctr(command: readonly string[], options?: RunOptions): Promise<string>;
}

export interface ContainerdOptions {
  readonly host: Host;
  /** The content of hosts.toml for each name of a registry. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** Starts containerd on a host, in a process and mount tree of its own. */
export async function startContainerd(lab: Lab, options: ContainerdOptions): Promise<Containerd> {
  const { host } = options;
  const folder = await lab.newFolder(`containerd-${host.name}`);
  const hostsFolder = join(folder, 'certs.d');
  await mkdir(hostsFolder);
  for (const [registry, content] of Object.entries(options.hosts ?? {})) {
    await mkdir(join(hostsFolder, registry));
    await writeFile(join(hostsFolder, registry, 'hosts.toml'), content);
  }
  const socket = join(folder, 'containerd.sock');
  const config = join(folder, 'config.toml');
  await writeFile(
    config,
    `version = 2
root = ${JSON.stringify(join(folder, 'root'))}
state = ${JSON.stringify(join(folder, 'state'))}
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"
]
[grpc]
  address = ${JSON.stringify(socket)}
[ttrpc]
  address = ${JSON.stringify(`${socket}.ttrpc`)}
`,
  );
  const name = `containerd on ${host.name}`;
  const program = lab.start(['containerd', '--config', config], { name, host, isolated: true });
  const ctr: Containerd['ctr'] = (rest, more) =>
    lab.run(['ctr', '--address', socket, ...rest], {
      name: `ctr ${rest.slice(0, 2).join(' ')} on ${host.name}`,
      host,
      ...more,
    });
  await eventually(`an answer of ${name}`, () => ctr(['version'], { within: 5_000 }), {
    details: () => program.report(),
    every: 100,
  });
  return { program, hostsFolder, ctr };
}
