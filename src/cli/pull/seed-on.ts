import { setTimeout as delay } from 'node:timers/promises';
import { formatBytes, formatDuration } from '../../base/units.ts';
import type { Progress } from '../terminal/progress.ts';
import type { SwarmBlobs } from './swarm-blobs.ts';

const tellInterval = 1000;

/** Goes on seeding for `milliseconds`, or without end; the signal ends it, which is no failure. */
export async function seedOn(
  source: SwarmBlobs,
  milliseconds: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + milliseconds;
  progress.note(
    milliseconds === Infinity
      ? 'Seeding until interrupted'
      : `Seeding for ${formatDuration(milliseconds)}`,
  );
  while (!signal.aborted) {
    const left = until - performance.now();
    if (left <= 0) break;
    const { sent, peers } = source.seeding();
    const time = left === Infinity ? '' : `  ${formatDuration(left)} left`;
    progress.total(`Seeding: ${formatBytes(sent)} sent  ${peers} connected${time}`);
    await delay(Math.min(left, tellInterval), undefined, { signal }).catch(() => {});
  }
  progress.total('');
  progress.note(`Seeding ended: ${formatBytes(source.seeding().sent)} sent`);
}
