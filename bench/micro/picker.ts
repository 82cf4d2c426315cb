import { randomInteger, seededRandom } from '../../src/base/random.ts';
import { Bitfield } from '../../src/torrent/bitfield.ts';
import { blockCount } from '../../src/torrent/geometry.ts';
import { PiecePicker } from '../../src/torrent/piece-picker.ts';
import { Requests } from '../../src/torrent/requests.ts';
import type { Micro } from './harness.ts';

const pieceCount = 4_000;
const peerCount = 60;
const pieceLength = 256 * 1024;

/** Which piece comes next, in the largest swarm that a host sees: 4,000 pieces, 60 peers, each with half of them. */
export function pickerMicros(): readonly Micro[] {
  const random = seededRandom(1);
  const peers = Array.from({ length: peerCount }, () => {
    const has = new Bitfield(pieceCount);
    for (let piece = 0; piece < pieceCount; piece++) if (random() < 0.5) has.add(piece);
    return { has };
  });
  const picker = new PiecePicker(new Bitfield(pieceCount), random);
  for (const { has } of peers) for (const piece of has.indexes()) picker.gained(piece);
  let turn = 0;
  const nextPeer = () => peers[turn++ % peerCount] ?? { has: Bitfield.full(pieceCount) };
  return [
    {
      name: 'picker: pick a piece, begin it, open it again',
      amount: 1,
      unit: 'picks',
      run() {
        const piece = picker.pick(nextPeer().has);
        if (piece === undefined) throw new Error('there is always one to pick');
        picker.begin(piece);
        picker.reopen(piece);
      },
    },
    {
      name: 'picker: a peer gained a piece',
      amount: 1,
      unit: 'pieces',
      // A second picker: one whose counts are not worn out by this.
      run: gaining(new PiecePicker(new Bitfield(pieceCount), random)),
    },
    {
      name: 'picker: a peer comes with half of all pieces and leaves',
      amount: 1,
      unit: 'peers',
      run() {
        const { has } = nextPeer();
        for (const piece of has.indexes()) picker.gained(piece);
        picker.left(has);
      },
    },
    requesting(random, peers),
  ];

  function gaining(fresh: PiecePicker): () => void {
    return () => fresh.gained(randomInteger(random, pieceCount));
  }
}

/** A whole blob: each block asked of the peers in turn, arrived and, at the end of a piece, verified. */
function requesting(random: () => number, peers: readonly { readonly has: Bitfield }[]): Micro {
  const pieces = 400;
  const geometry = { length: pieces * pieceLength, pieceLength, pieceCount: pieces };
  const blocks = pieces * blockCount(pieceLength);
  const sources = peers.map(() => ({ has: Bitfield.full(pieces) }));
  return {
    name: 'requests: next, arrived and verified, 60 peers in turn',
    amount: blocks,
    unit: 'blocks',
    run() {
      const picker = new PiecePicker(new Bitfield(pieces), random);
      const requests = new Requests<(typeof sources)[number]>(geometry, picker);
      for (let asked = 0; asked < blocks;) {
        for (const source of sources) {
          const block = requests.next(source, source.has, 0);
          if (block === undefined) continue;
          asked++;
          const arrival = requests.arrived(source, block, 1);
          if (arrival.kind === 'wanted' && arrival.complete) requests.verified(block.piece);
        }
      }
    },
  };
}
