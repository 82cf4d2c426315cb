/**
 * How close many hosts come to the bound when they fetch the same blobs at once, in one process on loopback, every link
 * limited: node bench/many-swarms.ts [hosts 20] [blobs 5] [bytes a blob 4MB] [rate 2MB]. Prints one line of JSON.
 */
import { parseBytes } from '../src/base/units.ts';
import { addressOf, noise, SwarmLab } from '../src/swarm/swarm-fixtures.ts';

const [hostCount = '20', blobCount = '5', blobSize = '4MB', linkRate = '2MB'] =
  process.argv.slice(2);
const size = parseBytes(blobSize);
const rate = parseBytes(linkRate);

await using lab = await SwarmLab.create();
const blobs = Array.from({ length: Number(blobCount) }, (_, index) => noise(size, index + 1));
const seeds = await Promise.all(blobs.map((blob) => lab.seed(blob)));
const origin = await lab.start(seeds, { isOrigin: true, rate });
const starting = Array.from({ length: Number(hostCount) }, () => lab.start([], { rate }));
const hosts = await Promise.all(starting);
const peers = [origin, ...hosts].map(addressOf);

const began = performance.now();
const downloads = hosts.flatMap((host, at) =>
  seeds.map(({ metainfo }, blob) =>
    host.download(metainfo, { path: lab.path(`host-${at}-${blob}`), peers }),
  ),
);
await Promise.all(downloads.map((download) => download.done));
const seconds = (performance.now() - began) / 1000;

const bytes = size * seeds.length;
const round = (value: number): number => Number(value.toFixed(2));
console.log(
  JSON.stringify({
    hosts: hosts.length,
    boundSeconds: round(bytes / rate),
    lastSeconds: round(seconds),
    lastOverBound: round(seconds / (bytes / rate)),
    originCopies: round(origin.totals().sent / bytes),
  }),
);
