import { seededRandom } from '../../src/base/random.ts';
import { formatBytes } from '../../src/base/units.ts';
import type { Workplace } from '../../test/lab/workplace.ts';
import { compete } from './compete.ts';
import { contenders } from './contenders/contenders.ts';
import { figuresOf, type Figures } from './figures.ts';
import { measureGoodput } from './goodput.ts';
import { planHosts } from './host-plan.ts';
import { makeImage } from './image.ts';
import { startNetwork } from './network.ts';
import type { FleetOptions } from './options.ts';
import { formatRate } from './rate.ts';
import type { FleetReport } from './report.ts';

/** Makes hosts, links and image, measures the bound, and lets the contenders run one after another. */
export async function runFleet(
  place: Workplace,
  options: FleetOptions,
  say: (text: string) => void,
): Promise<FleetReport> {
  const { hosts, rate, size, layers, zones } = options;
  const between = zones === 0 ? '' : `, in ${zones} zones behind ${formatRate(options.between)}`;
  say(`${hosts} hosts, links of ${formatRate(rate)}${between}\n`);
  const plans = planHosts(options, seededRandom(options.seed));
  const network = await startNetwork(place, { ...options, hosts: plans });
  const healthy = network.hosts.find(({ plan }) => plan.rate === rate);
  if (healthy === undefined) throw new Error('no host has the full rate');
  const narrowest = zones === 0 ? rate : Math.min(rate, options.between);
  const goodput = await measureGoodput(place, network.origin, healthy, narrowest);
  const boundSeconds = size / goodput;
  say(
    `one plain stream brings ${formatRate(goodput)}: the bound is ${boundSeconds.toFixed(2)} s\n`,
  );
  say(`making and pushing an image of ${formatBytes(size)}\n`);
  const image = await makeImage(place, size, layers);
  const figures: Figures[] = [];
  for (const name of options.contenders) {
    const given = { place, network, image, options, boundSeconds, say };
    const outcome = await compete(contenders[name], given);
    const reached = figuresOf(outcome, boundSeconds, size);
    say(`${name}: last host after ${reached.last ?? '-'} s\n`);
    figures.push(reached);
  }
  return {
    hosts,
    bytes: size,
    layers,
    rateBitsPerSecond: rate * 8,
    goodputBytesPerSecond: Math.round(goodput),
    boundSeconds: Number(boundSeconds.toFixed(3)),
    contenders: figures,
  };
}
