import assert from 'node:assert/strict';
import { announceOf } from '../../../src/torrent/announce-fixture.ts';
import { compactRows, parseCompactPeers } from '../../../src/torrent/compact-peers.ts';
import { canonicalIp, formatIp, ipBytes } from '../../../src/torrent/ip-address.ts';
import type { InfoHash } from '../../../src/torrent/ids.ts';
import {
  encodeUdpAnnounce,
  encodeUdpAnnounceAnswer,
  encodeUdpConnect,
  encodeUdpConnectAnswer,
  encodeUdpError,
  encodeUdpScrape,
  encodeUdpScrapeAnswer,
  parseUdpAnswer,
  parseUdpRequest,
} from '../../../src/torrent/udp-tracker.ts';
import type { FuzzTarget } from '../target.ts';

const connection = Buffer.alloc(8, 9);
const infoHash = 'ab'.repeat(20) as InfoHash;
const announce = announceOf({ downloaded: 2 ** 40, event: 'completed' });
const response = {
  interval: 60,
  complete: 1,
  incomplete: 2,
  peers: [
    { host: '10.0.0.1', port: 6881 },
    { host: 'fd00::1', port: 1 },
  ],
};

/** Packets to a tracker (BEP 15, 41): read, or none at all. */
export const udpRequestTarget: FuzzTarget = {
  name: 'udp-request',
  seeds: [
    encodeUdpConnect(7),
    encodeUdpAnnounce(connection, 7, announce, { key: 3, urlData: '/announce?zone=a' }),
    encodeUdpScrape(connection, 7, [infoHash, infoHash]),
  ],
  run(input) {
    parseUdpRequest(input);
  },
};

/** Packets from a tracker. */
export const udpAnswerTarget: FuzzTarget = {
  name: 'udp-answer',
  seeds: [
    encodeUdpConnectAnswer(7, connection),
    encodeUdpAnnounceAnswer(7, { ...response, minInterval: undefined }, 4),
    encodeUdpAnnounceAnswer(7, { ...response, minInterval: undefined }, 6),
    encodeUdpScrapeAnswer(7, [{ complete: 1, incomplete: 2, downloaded: 3 }]),
    encodeUdpError(7, 'no'),
  ],
  run(input) {
    for (const family of [4, 6] as const) parseUdpAnswer(input, family);
  },
};

const rows = compactRows(response.peers);

/** Rows of peers, and addresses as text. */
export const compactPeersTarget: FuzzTarget = {
  name: 'compact-peers',
  seeds: [
    Buffer.from(rows.peers, 'latin1'),
    Buffer.from(rows.peers6, 'latin1'),
    ...['10.0.0.1', '::ffff:10.0.0.1', 'fd00::1%eth0', '[::1]', '1::2:0:0:3'].map((text) =>
      Buffer.from(text),
    ),
  ],
  run(input) {
    for (const addressBytes of [4, 16] as const) {
      const peers = parseCompactPeers(input, addressBytes);
      if (peers === undefined) continue;
      assert.ok(peers.length <= input.length / (addressBytes + 2));
      for (const { host, port } of peers) {
        assert.equal(canonicalIp(host), host);
        assert.ok(port > 0 && port < 65_536);
      }
    }
    const canonical = canonicalIp(Buffer.from(input).toString('latin1'));
    if (canonical === undefined) return;
    assert.equal(canonicalIp(canonical), canonical);
    assert.equal(formatIp(ipBytes(canonical) ?? Buffer.alloc(0)), canonical);
  },
};
