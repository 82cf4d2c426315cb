import { spawnSync } from 'node:child_process';
import { DocketError } from '../../src/base/errors.ts';
import { libtorrentMissing } from '../../test/lab/clients.ts';
import { roomMissing } from '../../test/lab/room.ts';
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
  const lacking = await roomMissing(folder, options);
  if (lacking !== undefined) throw new PreflightError(lacking);
}

function checkLibtorrent(): void {
  const reason = libtorrentMissing();
  if (reason === undefined) return;
  throw new PreflightError(
    `libtorrent is asked for, but ${reason}; on Debian: apt-get install python3-libtorrent`,
  );
}
