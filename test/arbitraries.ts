import * as fc from 'fast-check';
import type { PeerAddress } from '../src/torrent/ids.ts';
import { canonicalIp } from '../src/torrent/ip-address.ts';
import { parseZone, type Zone } from '../src/torrent/zone.ts';

/** fast-check draws some records without prototype, which are equal to no ordinary object. */
export const ordinary = { noNullPrototype: true } as const;

/** 20 bytes in hex, as info hashes and peer ids are. */
export const twentyBytesHex: fc.Arbitrary<string> = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));

/** Names of zones. */
export const zones: fc.Arbitrary<Zone> = fc.stringMatching(/^[A-Za-z0-9._-]{1,63}$/).map(parseZone);

/** Peers of both families, as their addresses are spelt in Docket. */
export const peerAddresses: fc.Arbitrary<PeerAddress[]> = fc.array(
  fc.record(
    {
      host: fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => canonicalIp(text) ?? text),
      port: fc.integer({ min: 1, max: 65_535 }),
    },
    ordinary,
  ),
  { maxLength: 60 },
);

export function isIpv4({ host }: PeerAddress): boolean {
  return !host.includes(':');
}
