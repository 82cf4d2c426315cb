import { shuffled, type Random } from '../../src/base/random.ts';
import type { FleetOptions } from './options.ts';

/** What is in store for one host. */
export interface HostPlan {
  readonly name: string;
  /** Bytes a second, each way. */
  readonly rate: number;
  /** A slow host has a tenth of the others' rate; a churned one is killed and comes back; all others are healthy. */
  readonly kind: 'healthy' | 'slow' | 'churned';
  /** Seconds from the common start until it begins. */
  readonly delay: number;
  /** The name of its zone. */
  readonly zone: string | undefined;
  readonly churn: Churn | undefined;
}

export interface Churn {
  /** When it is killed: a part of the bound, from its own start. */
  readonly after: number;
  /** Seconds until it comes back. */
  readonly down: number;
}

/** Draws what is in store for each host. */
export function planHosts(options: FleetOptions, random: Random): HostPlan[] {
  const share = (percent: number): number =>
    percent === 0 ? 0 : Math.max(1, Math.round((options.hosts * percent) / 100));
  const order = shuffled(random, Array(options.hosts).keys());
  const slow = new Set(order.splice(0, share(options.slow)));
  const churned = new Set(order.splice(0, share(options.churn)));
  const turns = shuffled(random, Array(options.hosts).keys());
  return Array.from({ length: options.hosts }, (_, index) => ({
    name: `host${index + 1}`,
    rate: slow.has(index) ? options.rate / 10 : options.rate,
    kind: slow.has(index) ? 'slow' : churned.has(index) ? 'churned' : 'healthy',
    delay: (options.stagger * (turns[index] ?? 0)) / options.hosts,
    zone: options.zones === 0 ? undefined : `z${1 + (index % options.zones)}`,
    churn: churned.has(index) ? { after: 0.1 + 0.8 * random(), down: 2 + 3 * random() } : undefined,
  }));
}
