import { spawnSync } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { DocketError } from '../../src/base/errors.ts';
import { formatBytes } from '../../src/base/units.ts';
import { python } from '../../test/lab/clients.ts';
import { findProgram } from '../../test/lab/program.ts';
import type { FleetOptions } from './options.ts';

/** This machine lacks something. */
export class PreflightError extends DocketError {
  declare readonly code: 'FLEET_PREFLIGHT';

  constructor(message: string) {
    super('FLEET_PREFLIGHT', message);
  }
}

/** The packages of Debian that the programs come from. */
const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  tc: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  curl: 'curl',
};

/** Throws PreflightError, which says what to do, unless all that a run needs is here. */
export async function preflight(options: FleetOptions, folder: string): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new PreflightError('it makes network namespaces, which needs root: run it with sudo');
  }
  const missing = Object.keys(packages).filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) {
    const names = [...new Set(missing.map((name) => packages[name]))].join(' ');
    throw new PreflightError(
      `not installed: ${missing.join(', ')}; on Debian: apt-get install ${names}`,
    );
  }
  const attempt = [
    'ip link add bridge1 type bridge',
    'ip link add port1 type veth peer name port2',
    'tc qdisc add dev port1 root tbf rate 1mbit burst 128k latency 30ms',
  ].join(' && ');
  const tried = spawnSync('unshare', ['--net', '--', 'sh', '-c', attempt], { encoding: 'utf8' });
  if (tried.status !== 0) {
    throw new PreflightError(
      `namespaces, bridges, veth pairs or token buckets are not allowed here: ${tried.stderr.trim()}`,
    );
  }
  if (options.contenders.some((name) => name.startsWith('libtorrent'))) checkLibtorrent();
  await checkRoom(options, folder);
}

function checkLibtorrent(): void {
  if (spawnSync(python, ['-c', 'import libtorrent'], { stdio: 'ignore' }).status === 0) return;
  throw new PreflightError(
    "libtorrent is asked for, but the distribution's Python does not have it; on Debian: apt-get install python3-libtorrent",
  );
}

/** The image lies in the folder once as it was made, once in the registry and once at each host; and some room is left. */
async function checkRoom({ hosts, size }: FleetOptions, folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const needed = size * (hosts + 2.5);
  if (bavail * bsize >= needed) return;
  throw new PreflightError(
    `it needs ${formatBytes(needed)} in ${folder}, where ${formatBytes(bavail * bsize)} are free; ` +
      'give it a smaller --size, fewer --hosts, or another TMPDIR',
  );
}
