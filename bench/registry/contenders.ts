import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../test/lab/eventually.ts';
import { findProgram, type Program } from '../../test/lab/program.ts';
import type { Workplace } from '../../test/lab/workplace.ts';
import { freePorts } from '../free-ports.ts';

/** A registry that runs. */
export interface RunningRegistry {
  readonly program: Program;
  readonly port: number;
}

/** A registry that takes part. */
export interface Contender {
  readonly name: 'docket' | 'docker-registry';
  /** Starts it on a folder, which it may have used before. */
  start(place: Workplace, folder: string): Promise<RunningRegistry>;
  /** Waits until it has nothing more to do with a blob that was pushed. */
  settle(port: number, repository: string, digest: string): Promise<void>;
}

const docketMain = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export function docket(cpuProfile: string | undefined): Contender {
  const profiling = cpuProfile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${cpuProfile}`];
  return {
    name: 'docket',
    async start(place, folder) {
      const options = ['--bind', '127.0.0.1', '-p', '0', '--peer-port', '0', '-l', folder];
      const command = [process.execPath, ...profiling, docketMain, 'registry', ...options];
      const program = place.start([...command, '--log-level', 'warn'], { name: 'docket' });
      const [, port] = await program.line(/ready: http:\/\/127\.0\.0\.1:(\d+) /, 60_000);
      return { program, port: Number(port) };
    },
    // It answers once the torrent is made.
    async settle(port, repository, digest) {
      const path = `/v2/${repository}/_docket/torrents/${digest}`;
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      if (!answer.ok) throw new Error(`no torrent of ${digest}: ${answer.status}`);
      await answer.arrayBuffer();
    },
  };
}

/** CNCF distribution as Debian packages it, with the settings of its package, but without a log of accesses and without users. */
export const dockerRegistry: Contender = {
  name: 'docker-registry',
  async start(place, folder) {
    const [port = 0] = await freePorts(1);
    const config = join(place.folder, `docker-registry-${port}.json`);
    await writeFile(
      config,
      JSON.stringify({
        version: 0.1,
        log: { level: 'warn', accesslog: { disabled: true } },
        storage: {
          cache: { blobdescriptor: 'inmemory' },
          filesystem: { rootdirectory: folder },
          delete: { enabled: true },
        },
        http: { addr: `127.0.0.1:${port}`, headers: { 'X-Content-Type-Options': ['nosniff'] } },
        health: { storagedriver: { enabled: true, interval: '10s', threshold: 3 } },
      }),
    );
    const program = place.start(['docker-registry', 'serve', config], { name: 'docker-registry' });
    await eventually(
      'docker-registry to answer',
      async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).ok,
      { details: () => program.report() },
    );
    return { program, port };
  },
  settle: () => Promise.resolve(),
};

/** Why docker-registry cannot take part, if it cannot. */
export function missingDockerRegistry(): string | undefined {
  if (findProgram('docker-registry') !== undefined) return undefined;
  return 'docker-registry is not installed (Debian: apt-get install docker-registry)';
}
