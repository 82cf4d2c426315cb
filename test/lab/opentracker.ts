import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { Host } from './hosts.ts';
import type { Lab } from './lab.ts';
import type { Program } from './program.ts';

/** A tracker that gives peers only for the info hashes that stand in its whitelist. */
export interface Opentracker {
  readonly program: Program;
  readonly host: Host;
  /** `HOST:PORT`, as `--tracker` takes it, over HTTP and UDP. */
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
