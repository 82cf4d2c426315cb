import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { findProgram } from './program.ts';

/** What a test with real programs can need. */
export type Client =
  | 'hosts'
  | 'dockerd'
  | 'containerd'
  | 'podman'
  | 'buildah'
  | 'skopeo'
  | 'ctorrent'
  | 'aria2'
  | 'transmission'
  | 'libtorrent'
  | 'opentracker'
  | 'busybox'
  | 'curl';

/** The interpreter that the distribution's libtorrent module belongs to. */
export const python = '/usr/bin/python3';

/**
 * True when everything in `clients` can be run here. Otherwise skips the test, with the reason, and gives false; or
 * throws when DOCKET_REQUIRE_CLIENTS is 1, as where a missing client must not go unseen.
 */
export function needClients(test: TestContext, ...clients: readonly Client[]): boolean {
  const missing = clients
    .map((client) => checks[client]())
    .filter((reason) => reason !== undefined);
  if (missing.length === 0) return true;
  const reason = [...new Set(missing)].join('; ');
  if (process.env['DOCKET_REQUIRE_CLIENTS'] === '1') {
    throw new Error(`DOCKET_REQUIRE_CLIENTS is 1, but ${reason}`);
  }
  test.skip(reason);
  return false;
}

const checks: Readonly<Record<Client, () => string | undefined>> = {
  hosts: hostsMissing,
  dockerd: () =>
    rootMissing() ?? programMissing('dockerd', 'docker', 'containerd') ?? cgroupsMissing(),
  containerd: () => rootMissing() ?? programMissing('containerd', 'ctr'),
  podman: () => rootMissing() ?? programMissing('podman'),
  buildah: () => rootMissing() ?? programMissing('buildah'),
  skopeo: () => rootMissing() ?? programMissing('skopeo'),
  ctorrent: () => programMissing('ctorrent'),
  aria2: () => programMissing('aria2c'),
  transmission: () => programMissing('transmission-cli'),
  libtorrent: libtorrentMissing,
  opentracker: () => rootMissing() ?? programMissing('opentracker'),
  busybox: busyboxMissing,
  curl: () => programMissing('curl'),
};

function programMissing(...names: readonly string[]): string | undefined {
  const absent = names.filter((name) => findProgram(name) === undefined);
  return absent.length === 0 ? undefined : `not installed: ${absent.join(', ')}`;
}

function rootMissing(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'this needs root';
}

function works(command: readonly string[]): boolean {
  const [program = '', ...rest] = command;
  return spawnSync(program, rest, { stdio: 'ignore' }).status === 0;
}

function hostsMissing(): string | undefined {
  const absent = rootMissing() ?? programMissing('unshare', 'nsenter', 'ip', 'tc');
  if (absent !== undefined) return absent;
  const attempt = 'ip link add bridge type bridge && ip link add port type veth peer name eth0';
  return works(['unshare', '--net', '--mount', '--', 'sh', '-c', attempt])
    ? undefined
    : 'network namespaces, bridges or veth pairs are not allowed here';
}

function cgroupsMissing(): string | undefined {
  const mounted = ['memory', 'cgroup.controllers'].some((name) =>
    existsSync(`/sys/fs/cgroup/${name}`),
  );
  return mounted ? undefined : 'no cgroups are mounted at /sys/fs/cgroup';
}

/** Why libtorrent cannot be run here, if it cannot. */
export function libtorrentMissing(): string | undefined {
  return existsSync(python) && works([python, '-c', 'import libtorrent'])
    ? undefined
    : "not installed: the distribution's python3-libtorrent";
}

/** Only a busybox that needs no libraries runs in an image of its own. */
function busyboxMissing(): string | undefined {
  const busybox = findProgram('busybox');
  if (busybox === undefined) return 'not installed: busybox-static';
  const linked = spawnSync('ldd', [busybox], { encoding: 'utf8' });
  return linked.status === 0 && !/not a dynamic executable|statically linked/.test(linked.stdout)
    ? 'busybox is installed, but not the static one (busybox-static)'
    : undefined;
}
