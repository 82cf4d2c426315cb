import { systemClock } from '../src/base/clock.ts';
import { createRateLimiter } from '../src/base/rate-limiter.ts';
import { formatBytes } from '../src/base/units.ts';
import type { Digest } from '../src/oci/digest.ts';
import { pullImage } from './pull-image.ts';

export interface DeployOptions {
  readonly title: string;
  /** For each host, where it pulls from. */
  readonly sources: readonly string[];
  /** The registry's base URL, whose bytes are counted. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly imageBytes: number;
  /** The receiving end of each host's link, in bytes a second; undefined where the source has that limit itself. */
  readonly rate: number | undefined;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a deployment took. */
export interface Deployment {
  /** Until the last host had all. */
  readonly seconds: number;
  /** Bytes of blobs that the registry sent meanwhile. */
  readonly registryBytes: number;
  /** Hosts whose every digest was verified. */
  readonly verified: number;
}

/** Pulls the image on all hosts at the same time. */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { sources, registry, rate, say, title, imageBytes, signal } = options;
  const sentBefore = await bytesSent(registry, signal);
  const began = performance.now();
  let received = 0;
  const show = (): void => {
    const percent = Math.floor((100 * received) / (imageBytes * sources.length));
    say(`  ${title}  ${percent} %  ${seconds(performance.now() - began)}`);
  };
  const timer = setInterval(show, 500);
  const pulls = sources.map((from) =>
    pullImage({
      ...options,
      from,
      link: createRateLimiter(rate, systemClock),
      onBytes: (bytes) => {
        received += bytes;
      },
    }),
  );
  const results = await Promise.allSettled(pulls);
  clearInterval(timer);
  const took = performance.now() - began;
  signal.throwIfAborted();
  for (const result of results) {
    if (result.status === 'rejected') say(`  a host has no image: ${result.reason}\n`);
  }
  const registryBytes = (await bytesSent(registry, signal)) - sentBefore;
  const verified = results.filter(({ status }) => status === 'fulfilled').length;
  say(`  ${title}  ${seconds(took)}, ${formatBytes(registryBytes)} sent by the registry\n`);
  return { seconds: Number((took / 1000).toFixed(2)), registryBytes, verified };
}

async function bytesSent(registry: string, signal: AbortSignal): Promise<number> {
  const answer = await fetch(`${registry}/metrics`, { signal });
  const counts = (await answer.text()).matchAll(/^docket_registry_sent_bytes_total\{.*\} (\S+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
