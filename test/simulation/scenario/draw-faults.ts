import { randomInteger, shuffled, type Random } from '../../../src/base/random.ts';
import { one } from './draw.ts';
import type { Fault, HostPlan } from './scenario.ts';

/** When a fault is, and whom it may strike. */
interface Draw {
  readonly random: Random;
  readonly at: number;
  readonly until: number;
  readonly names: readonly string[];
  readonly host: string;
  /** Not the registry. */
  readonly downloader: string;
  readonly power: boolean;
}

/** How a fault of each kind is drawn, and how often it is. */
const kinds: readonly (readonly [weight: number, draw: (draw: Draw) => Fault])[] = [
  [3, ({ at, until, host, power }) => ({ kind: 'kill', at, until, host, power })],
  [1, ({ at, downloader, power }) => ({ kind: 'gone', at, host: downloader, power })],
  [2, ({ at, until, host }) => ({ kind: 'close', at, until, host })],
  [1, ({ at, until, host }) => ({ kind: 'pause', at, until: (at + until) / 2, host })],
  [
    2,
    ({ random, at, until, names }) => {
      const most = Math.ceil(names.length / 2);
      const apart = shuffled(random, names).slice(0, 1 + randomInteger(random, most));
      return { kind: 'partition', at, until, apart };
    },
  ],
  [
    1,
    ({ at, until, host, downloader }) => ({
      kind: 'oneWay',
      at,
      until,
      from: host,
      to: downloader,
    }),
  ],
  [2, ({ at, random }) => ({ kind: 'resets', at, share: random() })],
  [1, ({ at, until, host }) => ({ kind: 'slow', at, until, host })],
  [
    1,
    ({ at, until, random }) => ({
      kind: 'tracker',
      at,
      until,
      state: one(random, ['silent', 'failing']),
    }),
  ],
  [
    1,
    ({ at, until, random }) => {
      const state = one(random, ['silent', 'failing', 'lying'] as const);
      return { kind: 'webSeed', at, until, state };
    },
  ],
  [1, ({ at, until, downloader }) => ({ kind: 'diskFull', at, until, host: downloader })],
  [1, ({ at, until, downloader }) => ({ kind: 'diskSlow', at, until, host: downloader })],
];

const draws = kinds.flatMap(([weight, draw]) => Array.from({ length: weight }, () => draw));

/** The longest that something is out of order: shorter than the engine's patience with the whole world. */
const longest = 40_000;

/** Faults for these hosts, most of them while the blob is on its way, which takes some `usual` milliseconds. */
export function drawFaults(random: Random, hosts: readonly HostPlan[], usual: number): Fault[] {
  if (random() < 0.15) return [];
  const names = hosts.map(({ host }) => host);
  const downloaders = hosts.filter(({ isOrigin }) => !isOrigin).map(({ host }) => host);
  const count = 1 + randomInteger(random, 4 + Math.floor(hosts.length / 6));
  let gone = 0;
  return Array.from({ length: count }, () => {
    const at = random() < 0.85 ? random() * (400 + usual * 4) : random() * 30_000;
    const until = at + (random() < 0.5 ? random() * 2_000 : random() * longest);
    const host = one(random, names);
    const downloader = one(random, downloaders);
    const power = random() < 0.4;
    const fault = one(random, draws)({ random, at, until, names, host, downloader, power });
    // Somebody must be left.
    if (fault.kind === 'gone' && ++gone > names.length / 4)
      return { kind: 'resets', at, share: 0.5 };
    return fault;
  });
}
