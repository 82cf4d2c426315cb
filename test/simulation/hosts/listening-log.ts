import type { Log } from '../../../src/base/log.ts';
import type { EngineHost } from './engine-host.ts';

/** A log that is traced, and from which it is learned whom the engine has banned. */
export function listeningLog(host: EngineHost): Log {
  const tell = (fields: object, message: string): void => {
    host.trace(() => `${message} ${JSON.stringify(fields)}`);
    if (!message.includes('is banned') || !('peer' in fields)) return;
    const { peer } = fields;
    if (typeof peer === 'object' && peer !== null && 'host' in peer)
      host.banned.add(String(peer.host));
  };
  const log: Log = { debug: tell, info: tell, warn: tell, error: tell, child: () => log };
  return log;
}
