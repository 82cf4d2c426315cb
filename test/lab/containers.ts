import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './hosts.ts';
import type { Lab } from './lab.ts';
import type { RunOptions } from './workplace.ts';

/** podman, buildah and skopeo on one host, with storage of their own. */
export interface ContainerTools {
  readonly host: Host;
  podman(command: readonly string[], options?: RunOptions): Promise<string>;
  buildah(command: readonly string[], options?: RunOptions): Promise<string>;
  skopeo(command: readonly string[], options?: RunOptions): Promise<string>;
}

export interface ContainerToolsOptions {
  readonly host: Host;
  /** What registries.conf says; default: nothing but the version. */
  readonly registries?: string;
}

/** Prepares the tools; nothing is started until one is run. */
export async function containerTools(
  lab: Lab,
  options: ContainerToolsOptions,
): Promise<ContainerTools> {
  const { host } = options;
  const folder = await lab.newFolder(`containers-${host.name}`);
  const policy = join(folder, 'policy.json');
  const registries = join(folder, 'registries.conf');
  const logins = join(folder, 'auth.json');
  await writeFile(logins, '{}');
  await writeFile(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
  await writeFile(registries, options.registries ?? 'unqualified-search-registries = []\n');
  const storage = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run')];
  storage.push('--storage-driver', 'vfs');
  const run = (
    program: string,
    before: readonly string[],
    command: readonly string[],
    more: RunOptions | undefined,
  ): Promise<string> =>
    lab.run([...ownShm, program, ...before, ...command], {
      name: `${program} ${command[0]} on ${host.name}`,
      host,
      isolated: true,
      environment: { CONTAINERS_REGISTRIES_CONF: registries, REGISTRY_AUTH_FILE: logins },
      ...more,
    });
  return {
    host,
    podman(command, more) {
      const before = [...storage, '--tmpdir', join(folder, 'tmp'), '--cgroup-manager', 'cgroupfs'];
      return run('podman', before, command, more);
    },
    buildah(command, more) {
      return run('buildah', [...storage, '--registries-conf', registries], command, more);
    },
    skopeo(command, more) {
      return run('skopeo', ['--policy', policy, '--registries-conf', registries], command, more);
    },
  };
}

/** podman keeps its locks in /dev/shm under one name: two that run at once must not see each other's. */
const ownShm = ['sh', '-c', 'mount -t tmpfs tmpfs /dev/shm && exec "$@"', 'sh'];
