import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workplace } from '../../test/lab/workplace.ts';
import { usageOf } from '../../test/lab/usage.ts';
import { warmMemory } from '../warm-memory.ts';
import { compare, type BenchBlob } from './blob.ts';
import type { Contender } from './contender.ts';

/** What one engine did. MB and GB are of 10^6 and 10^9 bytes. */
export interface Result {
  readonly name: string;
  /** Until every piece was verified and handed to the operating system. */
  readonly megabytesPerSecond: number;
  /** Until all of it was on the disk itself. */
  readonly durableMegabytesPerSecond: number;
  /** Processor seconds from the moment on at which both peers were ready. */
  readonly receiverCpuPerGB: number;
  readonly senderCpuPerGB: number;
  /** The most memory at a time. */
  readonly receiverRssMB: number;
  readonly senderRssMB: number;
}

/** One transfer by one engine, whose result is looked at byte by byte. */
export async function measure(
  contender: Contender,
  place: Workplace,
  blob: BenchBlob,
): Promise<Result> {
  // What an earlier transfer left to be written would take the disk from this one.
  await place.run(['sync']);
  await warmMemory(place.folder, 2 * blob.metainfo.length);
  const target = await mkdtemp(join(place.folder, `${contender.name}-`));
  const pair = await contender.start({ place, blob, target });
  const peers = [pair.receiver, pair.sender] as const;
  try {
    const before = peers.map(({ pid }) => usageOf(pid));
    const seconds = await pair.transfer();
    const [receiver, sender] = peers.map(({ pid }) => usageOf(pid));
    if (receiver === undefined || sender === undefined) throw new Error('there are two peers');
    const syncSeconds = await syncFile(pair.path);
    await compare(blob, pair.path);
    const { length } = blob.metainfo;
    const cpu = (after: number, was = 0): number => round((after - was) / (length / 1e9), 2);
    return {
      name: contender.name,
      megabytesPerSecond: round(length / 1e6 / seconds),
      durableMegabytesPerSecond: round(length / 1e6 / (seconds + syncSeconds)),
      receiverCpuPerGB: cpu(receiver.cpuSeconds, before[0]?.cpuSeconds),
      senderCpuPerGB: cpu(sender.cpuSeconds, before[1]?.cpuSeconds),
      receiverRssMB: round(receiver.peakRss / 1e6),
      senderRssMB: round(sender.peakRss / 1e6),
    };
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
    await rm(target, { recursive: true });
  }
}

/** The seconds until a file is on the disk itself. */
async function syncFile(path: string): Promise<number> {
  await using file = await open(path, 'r+');
  const began = performance.now();
  await file.sync();
  return (performance.now() - began) / 1000;
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
