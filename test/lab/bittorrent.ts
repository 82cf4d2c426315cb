import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeMetainfo, parseMetainfo } from '../../src/torrent/metainfo.ts';
import { python } from './clients.ts';
import { eventually } from './eventually.ts';
import type { Host } from './hosts.ts';
import type { Lab } from './lab.ts';
import type { Program } from './program.ts';

/** What a BitTorrent client is to fetch. */
export interface TorrentJob {
  /** ctorrent refuses peers that have its own address: each peer needs a host of its own. */
  readonly host: Host;
  /** The path of the `.torrent`. */
  readonly torrent: string;
  /** The file's name in the torrent. */
  readonly name: string;
  /** Milliseconds that it may take. */
  readonly within?: number;
}

/** Fetches a torrent whole with one client, ends the client, and gives the path of the file. */
export type TorrentFetch = (lab: Lab, job: TorrentJob) => Promise<string>;

const patience = 60_000;

export const fetchWithCtorrent: TorrentFetch = async (lab, job) => {
  const folder = await folderFor(lab, job, 'ctorrent');
  const file = join(folder, job.name);
  const whole = join(folder, 'whole');
  const command = ['ctorrent', '-p', '6881', '-s', file, '-X', `touch ${whole}`, job.torrent];
  const program = lab.start(command, { name: `ctorrent on ${job.host.name}`, host: job.host });
  await untilExists(whole, program, job.within);
  await program.stop();
  return file;
};

export const fetchWithAria2: TorrentFetch = async (lab, job) => {
  const folder = await folderFor(lab, job, 'aria2');
  const flags = ['--no-conf', '--seed-time=0', '--listen-port=6881', '--summary-interval=0'];
  flags.push('--enable-dht=false', '--enable-dht6=false', '--file-allocation=none');
  flags.push('--bt-enable-lpd=false', '--bt-tracker-interval=1');
  await lab.run(['aria2c', ...flags, `--dir=${folder}`, job.torrent], {
    name: `aria2c on ${job.host.name}`,
    host: job.host,
    within: job.within ?? patience,
  });
  return join(folder, job.name);
};

export const fetchWithTransmission: TorrentFetch = async (lab, job) => {
  const folder = await folderFor(lab, job, 'transmission');
  const whole = join(folder, 'whole');
  const script = join(folder, 'finish');
  await writeFile(script, `#!/bin/sh\ntouch '${whole}'\n`, { mode: 0o755 });
  // It would try uTP first, and for minutes when the peer, which speaks TCP only, does not dial it.
  const settings = join(await lab.newFolder(join(basename(folder), 'config')), 'settings.json');
  await writeFile(settings, '{"utp-enabled":false}');
  const options = ['-w', folder, '-g', join(folder, 'config'), '-p', '6881', '-M', '-f', script];
  const program = lab.start(['transmission-cli', ...options, job.torrent], {
    name: `transmission-cli on ${job.host.name}`,
    host: job.host,
  });
  await untilExists(whole, program, job.within);
  await program.stop();
  return join(folder, job.name);
};

export const fetchWithLibtorrent: TorrentFetch = async (lab, job) => {
  const folder = await folderFor(lab, job, 'libtorrent');
  const program = startLibtorrent(lab, 'leech', job, folder);
  await program.line(/"whole": true/, job.within ?? patience);
  await program.stop();
  return join(folder, job.name);
};

/** Seeds a file that has the torrent's name with libtorrent, until the program is ended. */
export async function seedWithLibtorrent(
  lab: Lab,
  job: TorrentJob,
  file: string,
): Promise<Program> {
  const program = startLibtorrent(lab, 'seed', job, dirname(file));
  await program.line(/"whole": true/);
  return program;
}

function startLibtorrent(lab: Lab, role: string, job: TorrentJob, folder: string): Program {
  const script = fileURLToPath(new URL('libtorrent-peer.py', import.meta.url));
  const name = `libtorrent ${role} on ${job.host.name}`;
  return lab.start([python, script, role, job.torrent, folder], { name, host: job.host });
}

async function folderFor(lab: Lab, job: TorrentJob, client: string): Promise<string> {
  return lab.newFolder(`${client}-${job.host.name}`);
}

async function untilExists(path: string, program: Program, within = patience): Promise<void> {
  await eventually(
    `${program.name} to have everything`,
    async () => {
      if (program.ending !== undefined) return true;
      await stat(path);
      return true;
    },
    { within, details: () => program.report() },
  );
  if (program.ending !== undefined) throw new Error(`${program.name} ended${program.report()}`);
}

/** The same torrent, and the same info hash, without web seeds: what is fetched by it comes from peers. */
export function withoutWebSeeds(torrent: Uint8Array): Uint8Array {
  return encodeMetainfo(parseMetainfo(torrent), { webSeeds: [] });
}

/** A tracker that gives peers only for the info hashes that stand in its whitelist. */
export interface Opentracker {
  readonly program: Program;
  readonly host: Host;
  /** `HOST:PORT`, as `--tracker` takes it. */
  readonly address: string;
  readonly whitelist: string;
  /** The command that makes it read its whitelist again. */
  readonly reload: string;
}

/** Starts opentracker with an empty whitelist. It changes its root to the whitelist's folder, and its user. */
export async function startOpentracker(lab: Lab, host: Host): Promise<Opentracker> {
  const folder = await lab.newFolder(`opentracker-${host.name}`);
  const whitelist = join(folder, 'whitelist');
  await writeFile(whitelist, '');
  const command = ['opentracker', '-i', host.address, '-p', '6969', '-P', '6969'];
  const program = lab.start([...command, '-d', folder, '-w', '/whitelist'], {
    name: `opentracker on ${host.name}`,
    host,
  });
  await eventually(
    'opentracker to listen',
    () => lab.run(['sh', '-c', 'ss -ltn | grep :6969'], { host }),
    { details: () => program.report() },
  );
  return {
    program,
    host,
    address: `${host.address}:6969`,
    whitelist,
    reload: `kill -HUP ${program.pid}`,
  };
}

/** Puts a file under another name into a folder of its own, for a seed. */
export async function asTorrentFile(lab: Lab, path: string, name: string): Promise<string> {
  const folder = join(lab.folder, `seed-${name.slice(-8)}`);
  await mkdir(folder, { recursive: true });
  const file = join(folder, name);
  await rename(path, file);
  return file;
}
