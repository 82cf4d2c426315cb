import { link, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { python } from './clients.ts';
import { eventually } from './eventually.ts';
import type { Host } from './hosts.ts';
import type { Lab } from './lab.ts';
import type { Program } from './program.ts';

/** A torrent that a client is to fetch or to seed. */
export interface TorrentJob {
  /** ctorrent refuses peers that have its own address: each peer needs a host of its own. Default: this machine. */
  readonly host?: Host;
  /** The path of the `.torrent`. */
  readonly torrent: string;
  /** The file's name in the torrent. */
  readonly name: string;
  /** Where libtorrent listens; default: port 6881 of all IPv4 addresses. */
  readonly listen?: string;
  /** True lets Transmission try uTP first, as it does by itself: it then dials a peer that speaks TCP only after minutes. */
  readonly utp?: boolean;
}

/** A BitTorrent client of others. */
export interface TorrentClient {
  /** Fetches a torrent whole, ends the client, and gives the path of the file. */
  fetch(lab: Lab, job: TorrentJob): Promise<string>;
  /** Seeds the bytes of the file at `path`, until the program is ended. */
  seed(lab: Lab, job: TorrentJob, path: string): Promise<Program>;
}

export type TorrentClientName = 'ctorrent' | 'aria2' | 'transmission' | 'libtorrent';

const patience = 60_000;

const ctorrent: TorrentClient = {
  async fetch(lab, job) {
    const folder = await folderFor(lab, job, 'ctorrent');
    const whole = join(folder, 'whole');
    const file = join(folder, job.name);
    const program = startCtorrent(lab, job, file, ['-X', `touch ${whole}`]);
    await untilExists(whole, program);
    await program.stop();
    return file;
  },
  async seed(lab, job, path) {
    return startCtorrent(lab, job, await placed(lab, job, 'ctorrent', path), []);
  },
};

function startCtorrent(lab: Lab, job: TorrentJob, file: string, flags: readonly string[]): Program {
  return start(lab, job, ['ctorrent', '-p', '6881', '-s', file, ...flags, job.torrent]);
}

const aria2: TorrentClient = {
  async fetch(lab, job) {
    const folder = await folderFor(lab, job, 'aria2');
    const program = startAria2(lab, job, folder, ['--seed-time=0']);
    await program.success(patience);
    return join(folder, job.name);
  },
  async seed(lab, job, path) {
    const folder = dirname(await placed(lab, job, 'aria2', path));
    return startAria2(lab, job, folder, ['--check-integrity=true', '--seed-ratio=0.0']);
  },
};

function startAria2(lab: Lab, job: TorrentJob, folder: string, more: readonly string[]): Program {
  const flags = ['--no-conf', '--listen-port=6881', '--summary-interval=0', ...more];
  flags.push('--enable-dht=false', '--enable-dht6=false', '--file-allocation=none');
  flags.push('--bt-enable-lpd=false', '--bt-tracker-interval=1');
  return start(lab, job, ['aria2c', ...flags, `--dir=${folder}`, job.torrent]);
}

const transmission: TorrentClient = {
  async fetch(lab, job) {
    const folder = await folderFor(lab, job, 'transmission');
    const whole = join(folder, 'whole');
    const script = join(folder, 'finish');
    await writeFile(script, `#!/bin/sh\ntouch '${whole}'\n`, { mode: 0o755 });
    const program = await startTransmission(lab, job, folder, ['-f', script]);
    await untilExists(whole, program);
    await program.stop();
    return join(folder, job.name);
  },
  async seed(lab, job, path) {
    const folder = dirname(await placed(lab, job, 'transmission', path));
    return startTransmission(lab, job, folder, ['-v']);
  },
};

async function startTransmission(
  lab: Lab,
  job: TorrentJob,
  folder: string,
  more: readonly string[],
): Promise<Program> {
  const config = await lab.newFolder(join(basename(folder), 'config'));
  // The hosts of a lab have no way out, and no names.
  const settings = JSON.stringify({ 'utp-enabled': job.utp ?? false, 'dht-enabled': false });
  await writeFile(join(config, 'settings.json'), settings);
  const options = ['-w', folder, '-g', config, '-p', '6881', '-M', ...more];
  return start(lab, job, ['transmission-cli', ...options, job.torrent]);
}

const libtorrent: TorrentClient = {
  async fetch(lab, job) {
    const folder = await folderFor(lab, job, 'libtorrent');
    const program = startLibtorrent(lab, 'leech', job, folder);
    await program.line(/"whole": true/, patience);
    await program.stop();
    return join(folder, job.name);
  },
  async seed(lab, job, path) {
    const folder = dirname(await placed(lab, job, 'libtorrent', path));
    const program = startLibtorrent(lab, 'seed', job, folder);
    await program.line(/"whole": true/);
    return program;
  },
};

function startLibtorrent(lab: Lab, role: string, job: TorrentJob, folder: string): Program {
  const script = fileURLToPath(new URL('libtorrent-peer.py', import.meta.url));
  const listen = job.listen ?? '0.0.0.0:6881';
  return start(lab, job, [python, script, role, job.torrent, folder, listen]);
}

/** The clients by their names. */
export const torrentClients: Readonly<Record<TorrentClientName, TorrentClient>> = {
  ctorrent,
  aria2,
  transmission,
  libtorrent,
};

function start(lab: Lab, job: TorrentJob, command: readonly string[]): Program {
  const { host } = job;
  const name = `${basename(command[0] ?? '')} on ${host?.name ?? 'this machine'}`;
  return lab.start(command, host === undefined ? { name } : { name, host });
}

async function folderFor(lab: Lab, job: TorrentJob, client: string): Promise<string> {
  return lab.newFolder(`${client}-${job.host?.name ?? 'here'}-${job.name.slice(-8)}`);
}

/** The file under the torrent's name in a folder of its own. */
async function placed(lab: Lab, job: TorrentJob, client: string, path: string): Promise<string> {
  const file = join(await folderFor(lab, job, `${client}-seed`), job.name);
  await link(path, file);
  return file;
}

async function untilExists(path: string, program: Program): Promise<void> {
  await eventually(
    `${program.name} to have everything`,
    async () => {
      if (program.ending !== undefined) return true;
      await stat(path);
      return true;
    },
    { within: patience, details: () => program.report() },
  );
  if (program.ending !== undefined) throw new Error(`${program.name} ended${program.report()}`);
}
