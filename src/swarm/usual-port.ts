import { codeOf } from '../base/errors.ts';
import type { Swarm } from './swarm-types.ts';
import { startSwarm } from './swarm.ts';
import type { SwarmOptions } from './swarm-options.ts';

/** The port on which a registry or an agent accepts peers when nobody names another. */
const usualPort = 6881;

/**
 * Starts a swarm on the address and port that were named, which it gets or fails (`EADDRINUSE`). Without an address it is
 * all of them; without a port it is the usual one, or a free one where another program of this host has that.
 */
export async function startSwarmOnUsualPort(
  options: Omit<SwarmOptions, 'listen'>,
  host: string | undefined,
  named: number | undefined,
): Promise<Swarm> {
  try {
    return await startOn(options, host, named ?? usualPort);
  } catch (error) {
    if (named !== undefined || codeOf(error) !== 'EADDRINUSE') throw error;
    const swarm = await startOn(options, host, 0);
    options.log.warn(
      { taken: usualPort, port: swarm.port },
      'the peer port is taken: using another',
    );
    return swarm;
  }
}

/** All addresses are those of IPv6 and IPv4 together, and of IPv4 alone where the system has no other. */
async function startOn(
  options: Omit<SwarmOptions, 'listen'>,
  host: string | undefined,
  port: number,
): Promise<Swarm> {
  if (host !== undefined) return await startSwarm({ ...options, listen: { host, port } });
  try {
    return await startSwarm({ ...options, listen: { host: '::', port } });
  } catch (error) {
    if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(codeOf(error) ?? '')) throw error;
    return await startSwarm({ ...options, listen: { host: '0.0.0.0', port } });
  }
}
