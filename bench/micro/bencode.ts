import { randomBytes } from 'node:crypto';
import { createMetainfo, encodeMetainfo, parseMetainfo } from '../../src/torrent/metainfo.ts';
import type { Micro } from './harness.ts';

/** Reading and writing the `.torrent` of a blob of 1 GiB: 53 kB. */
export function bencodeMicros(): readonly Micro[] {
  const pieceCount = 1024;
  const metainfo = createMetainfo({
    name: `sha256-${'0'.repeat(64)}`,
    length: pieceCount * 2 ** 20,
    pieceLength: 2 ** 20,
    sha1: randomBytes(pieceCount * 20),
    sha256: randomBytes(pieceCount * 32),
  });
  const trackers = [['http://10.0.0.1:8000/announce']];
  const webSeeds = ['http://10.0.0.1:8000/v2/team/app/blobs/sha256:0'];
  const bytes = encodeMetainfo(metainfo, { trackers, webSeeds });
  return [
    {
      name: 'bencode: parse a metainfo',
      amount: 1,
      unit: 'metainfos',
      run: () => void parseMetainfo(bytes),
    },
    {
      name: 'bencode: encode a metainfo',
      amount: 1,
      unit: 'metainfos',
      run: () => void encodeMetainfo(metainfo, { trackers, webSeeds }),
    },
  ];
}
