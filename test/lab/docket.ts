import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostAndPort } from '../../src/server/own-address.ts';
import { fetchOn } from './fetch-on.ts';
import type { Host } from './hosts.ts';
import type { Workplace } from './workplace.ts';
import type { Program } from './program.ts';

/** The command that runs Docket from this checkout, by the Node that runs the tests. */
export const docket: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)),
];

interface RoleOptions {
  readonly name?: string;
  readonly host?: Host;
  /** Default: a folder of the workplace that has the role's name. */
  readonly location?: string;
  /** Default: a free port on loopback, the standard port on an emulated host. */
  readonly port?: number;
  readonly peerPort?: number;
  /** Bytes a second. */
  readonly rate?: number;
  readonly logLevel?: string;
  /** Milliseconds until it must be ready. */
  readonly readyWithin?: number;
  /** Added to its environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RegistryOptions extends RoleOptions {
  /** Where it listens; default: all addresses of its host, or 127.0.0.1. */
  readonly address?: string;
  /** Trackers to use in place of the built-in one. */
  readonly trackers?: readonly string[];
  readonly trackerWhitelist?: string;
  readonly trackerReload?: string;
  /** The file of users or rules. */
  readonly auth?: string;
  /** Files of its certificate and key: it speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface AgentOptions extends RoleOptions {
  /** The registry's URL. */
  readonly registry: string;
  readonly zone?: string;
  /** The file with the login for the registry. */
  readonly credentials?: string;
}

/** A role of Docket in a process of its own. */
interface Role {
  readonly program: Program;
  readonly host: Host | undefined;
  /** Where it answers HTTP, as seen from its own host, and for a registry from all hosts. */
  readonly url: string;
  readonly port: number;
  readonly peerPort: number;
  readonly location: string;
}

export interface RegistryProcess extends Role {
  /** Bytes of blobs and pieces that it has sent since it was started. */
  sent(): Promise<{ readonly peers: number; readonly http: number; readonly total: number }>;
}

/** One entry of the agent's `/api/v1/downloads`. */
export interface AgentDownload {
  readonly digest: string;
  readonly length: number;
  readonly verified: number;
  readonly pieceCount: number;
  readonly piecesVerified: number;
  readonly resumed: number;
  readonly peers: number;
  readonly rate: number;
  readonly bytesFromPeers: number;
  readonly bytesFromRegistry: number;
  readonly state: 'downloading' | 'complete' | 'failed';
}

export interface AgentProcess extends Role {
  downloads(): Promise<readonly AgentDownload[]>;
  /** The download of one blob, if there is or was one. */
  download(digest: string): Promise<AgentDownload | undefined>;
}

/** Starts `docket registry` and waits until it is ready. */
export async function startRegistry(
  place: Workplace,
  options: RegistryOptions = {},
): Promise<RegistryProcess> {
  const { host } = options;
  const here = host?.address ?? options.address ?? '127.0.0.1';
  const bind = options.address ?? (host === undefined ? here : '0.0.0.0');
  const command = ['--bind', bind];
  if (options.address === undefined) command.push('--advertise', here);
  for (const tracker of options.trackers ?? []) command.push('--tracker', tracker);
  if (options.trackerWhitelist !== undefined) {
    command.push('--tracker-whitelist', options.trackerWhitelist);
  }
  if (options.trackerReload !== undefined) command.push('--tracker-reload', options.trackerReload);
  if (options.auth !== undefined) command.push('--auth', options.auth);
  const { tls } = options;
  if (tls !== undefined) command.push('--tls-cert', tls.cert, '--tls-key', tls.key);
  const role = await startRole(place, 'registry', 8000, command, options);
  const url = `${tls === undefined ? 'http' : 'https'}://${hostAndPort(here, role.port)}`;
  return {
    ...role,
    url,
    async sent() {
      const text = await fetchOn(place, host, `${url}/metrics`);
      const count = (via: string): number => {
        const line = new RegExp(
          `^docket_registry_sent_bytes_total\\{via="${via}"\\} ([0-9.e+]+)$`,
          'm',
        );
        return Number(text.match(line)?.[1] ?? 0);
      };
      const peers = count('peers');
      const http = count('http');
      return { peers, http, total: peers + http };
    },
  };
}

/** Starts `docket agent` and waits until it is ready. */
export async function startAgent(place: Workplace, options: AgentOptions): Promise<AgentProcess> {
  const { host, registry } = options;
  const command = ['--registry', registry];
  if (options.zone !== undefined) command.push('--zone', options.zone);
  if (options.credentials !== undefined) command.push('--credentials', options.credentials);
  const role = await startRole(place, 'agent', 8010, command, options);
  const downloads = async (): Promise<readonly AgentDownload[]> => {
    const text = await fetchOn(place, host, `${role.url}/api/v1/downloads`);
    return (JSON.parse(text) as { downloads: AgentDownload[] }).downloads;
  };
  return {
    ...role,
    downloads,
    async download(digest) {
      return (await downloads()).find((download) => download.digest === digest);
    },
  };
}

async function startRole(
  place: Workplace,
  kind: 'registry' | 'agent',
  standardPort: number,
  command: readonly string[],
  options: RoleOptions,
): Promise<Role> {
  const { host } = options;
  const name = options.name ?? (host === undefined ? kind : `${kind} on ${host.name}`);
  const location = options.location ?? join(place.folder, name.replaceAll(' ', '-'));
  const port = options.port ?? (host === undefined ? 0 : standardPort);
  const peerPort = options.peerPort ?? (host === undefined ? 0 : 6881);
  const numbers = ['--port', String(port), '--peer-port', String(peerPort)];
  if (options.rate !== undefined) numbers.push('--rate', String(options.rate));
  if (options.logLevel !== undefined) numbers.push('--log-level', options.logLevel);
  const { environment = {} } = options;
  const program = place.start(
    [...docket, kind, '--location', location, ...numbers, ...command],
    host === undefined ? { name, environment } : { name, host, environment },
  );
  const ready = await program.line(
    /^docket \w+ ready: https?:\/\/\S+:(\d+) peers (\d+)$/,
    options.readyWithin,
  );
  return {
    program,
    host,
    url: `http://127.0.0.1:${ready[1]}`,
    port: Number(ready[1]),
    peerPort: Number(ready[2]),
    location,
  };
}
