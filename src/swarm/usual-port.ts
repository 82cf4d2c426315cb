import { codeOf } from '../base/errors.ts';
import type { Swarm } from './swarm-types.ts';
import { startSwarm, type SwarmOptions } from './swarm.ts';

/** The port on which a registry or an agent accepts peers when nobody names another. */
const usualPort = 6881;

/**
 * Starts a swarm on the port that was named, which it gets or fails (`EADDRINUSE`). Without a name it is the usual one, or a
 * free one where another program of this host has that.
 */
export async function startSwarmOnUsualPort(
  options: Omit<SwarmOptions, 'listen'>,
  host: string,
  named: number | undefined,
): Promise<Swarm> {
  try {
    return await startSwarm({ ...options, listen: { host, port: named ?? usualPort } });
  } catch (error) {
    if (named !== undefined || codeOf(error) !== 'EADDRINUSE') throw error;
    const swarm = await startSwarm({ ...options, listen: { host, port: 0 } });
    options.log.warn(
      { taken: usualPort, port: swarm.port },
      'the peer port is taken: using another',
    );
    return swarm;
  }
}
