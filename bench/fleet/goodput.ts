import { fileURLToPath } from 'node:url';
import type { Host } from '../../test/lab/hosts.ts';
import type { Workplace } from '../../test/lab/workplace.ts';

const script = fileURLToPath(new URL('plain-stream.ts', import.meta.url));

/**
 * Bytes a second that one plain TCP stream brings from one host to another, measured for some seconds once it is at speed.
 * `rate` is what the narrowest link between them is limited to.
 */
export async function measureGoodput(
  place: Workplace,
  from: Host,
  to: Host,
  rate: number,
): Promise<number> {
  const bytes = String(Math.ceil(rate * 5));
  const sender = place.start([process.execPath, script, 'send', bytes], {
    name: 'sender of one plain stream',
    host: from,
  });
  const [, port = ''] = await sender.line(/^listening on (\d+)$/);
  const received = await place.run([process.execPath, script, 'receive', from.address, port], {
    name: 'receiver of one plain stream',
    host: to,
  });
  await sender.success();
  return Number(received);
}
