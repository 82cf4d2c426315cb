import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { peerIdOf, type InfoHash, type PeerAddress } from '../torrent/ids.ts';
import { ForeignPeers } from './foreign-peers.ts';

const infoHash = 'ab'.repeat(20) as InfoHash;
const idOf = (text: string) => peerIdOf(Buffer.from(text.padEnd(20, '0')));
const foreign = idOf('-TR3000-');
const address = { host: '10.0.0.7', port: 51_413 };

function setUp(): { clock: ManualClock; peers: ForeignPeers; greeted: PeerAddress[] } {
  const clock = new ManualClock();
  const greeted: PeerAddress[] = [];
  const peers = new ForeignPeers(clock, (_, some) => greeted.push(...some));
  return { clock, peers, greeted };
}

suite('foreign peers', () => {
  test('a client of others is dialled when it had its time to come', () => {
    const { clock, peers, greeted } = setUp();
    peers.heardOf(infoHash, foreign, address);
    peers.heardOf(infoHash, foreign, address);
    clock.advance(4_000);
    assert.deepEqual(greeted, []);
    clock.advance(2_000);
    assert.deepEqual(greeted, [address]);
  });

  test("Docket's own peers, and those that accept nobody, are not dialled", () => {
    const { clock, peers } = setUp();
    peers.heardOf(infoHash, idOf('-DK0100-'), address);
    peers.heardOf(infoHash, foreign, { ...address, port: 0 });
    assert.equal(clock.waiting, 0);
  });

  test('however many are heard of, only some are waited for, and none after the end', () => {
    const { clock, peers, greeted } = setUp();
    for (let port = 2_000; port < 5_000; port++) {
      peers.heardOf(infoHash, foreign, { ...address, port });
    }
    assert.equal(clock.waiting, 1_000);
    peers.close();
    clock.advance(10_000);
    assert.deepEqual(greeted, []);
  });
});
