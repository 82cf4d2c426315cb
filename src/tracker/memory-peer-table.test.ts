import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { InfoHash } from '../torrent/ids.ts';
import { MemoryPeerTable } from './memory-peer-table.ts';
import { testPeerTable } from './peer-table-suite.ts';

testPeerTable('memory peer table', (setting) => new MemoryPeerTable(setting));

test('an announce in a swarm of ten thousand peers takes about as long as in a small one', async () => {
  const table = new MemoryPeerTable({ clock: new ManualClock(), random: seededRandom(2) });
  const announce = (number: number): Promise<unknown> =>
    table.announce('c'.repeat(40) as InfoHash, {
      address: { host: `10.${number >> 16}.${(number >> 8) & 0xff}.${number & 0xff}`, port: 6881 },
      isComplete: false,
      want: 30,
      lifetime: 75_000,
    });
  const started = performance.now();
  for (let number = 0; number < 10_000; number++) await announce(number);
  const seconds = (performance.now() - started) / 1000;
  await table.close();
  assert.ok(seconds < 5, `10 000 announces took ${seconds} s`);
});
