import { networkInterfaces } from 'node:os';

/** True on a machine whose loopback speaks IPv6. */
export const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === '::1');
