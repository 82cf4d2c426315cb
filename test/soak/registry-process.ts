import { createLog } from '../../src/base/log.ts';
import { startRegistry } from '../../src/server/registry-role.ts';

/** A registry with a short grace, in a process that can be killed. Its arguments: the folder, the port, the grace in ms. */
const [location = '', port = '', grace = ''] = process.argv.slice(2);
const role = await startRegistry({
  host: '127.0.0.1',
  port: Number(port),
  peerHost: '127.0.0.1',
  peerPort: 0,
  location,
  retention: { grace: Number(grace), rules: [] },
  accessLog: false,
  log: createLog('error'),
});
process.stdout.write(`ready: ${role.url}\n`);
