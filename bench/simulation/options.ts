import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseBytes } from '../../src/base/units.ts';
import { tellEvery } from '../../src/swarm/teller.ts';
import { usualSources } from '../../src/torrent/appetite.ts';
import { usualSlots } from '../../src/torrent/upload-slots.ts';
import { parseRate } from '../fleet/rate.ts';
import type { Scenario } from './simulate.ts';

export const usage = `Usage: npm run simulate -- [options]

Deploys an image to many hosts in a model of their network, in one process, deciding with the
product's own code: which piece, of whom, whom to serve, who meets whom. The same seed gives
the same.

  --hosts N          hosts besides the origin (default 1000)
  --size BYTES       the image (default 1GB)
  --layers L         in so many blobs of one size (default 1)
  --rate RATE        each host's link, each way: 100mbit, or 12.5MB a second (default 100mbit)
  --origin-rate RATE the origin's link (default: as a host's)
  --latency MS       from host to host (default 5)
  --zones Z          the hosts stand in so many zones, the origin in none (default 0)
  --between RATE     what the link between each zone and the rest carries, each way (default: all)
  --churn P          P percent of the hosts are killed at a random moment and come back (default 0)
  --slow P           P percent have a tenth of the rate (default 0)
  --stagger S        they begin within so many seconds (default 0)
  --slots N          peers that a host serves at a time (default ${usualSlots})
  --sources N        peers that a host draws from at a time (default ${usualSources})
  --tick MS          between two messages with news to the same peers (default ${tellEvery})
  --block BYTES      what is sent in one go (default: a piece)
  --seed N           (default 1)
  --svg FILE         draws how many hosts were complete when
  --json             end with one line of JSON on standard output
`;

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly svg: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the command line. Throws an error with a sentence for the user. */
export function parseOptions(args: readonly string[]): SimulationOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      hosts: { type: 'string', default: '1000' },
      size: { type: 'string', default: '1GB' },
      layers: { type: 'string', default: '1' },
      rate: { type: 'string', default: '100mbit' },
      'origin-rate': { type: 'string' },
      latency: { type: 'string', default: '5' },
      zones: { type: 'string', default: '0' },
      between: { type: 'string' },
      churn: { type: 'string', default: '0' },
      slow: { type: 'string', default: '0' },
      stagger: { type: 'string', default: '0' },
      slots: { type: 'string', default: String(usualSlots) },
      sources: { type: 'string', default: String(usualSources) },
      tick: { type: 'string', default: String(tellEvery) },
      block: { type: 'string' },
      seed: { type: 'string', default: '1' },
      svg: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { between, block, svg } = values;
  const rate = rateOf('rate', values.rate);
  const scenario: Scenario = {
    hosts: countOf('hosts', values.hosts, 1),
    size: Math.max(1, parseBytes(values.size)),
    layers: countOf('layers', values.layers, 1),
    rate,
    originRate: rateOf('origin-rate', values['origin-rate'] ?? values.rate),
    latency: numberOf('latency', values.latency),
    zones: countOf('zones', values.zones, 0),
    between: between === undefined ? undefined : rateOf('between', between),
    churn: percentOf('churn', values.churn),
    slow: percentOf('slow', values.slow),
    stagger: numberOf('stagger', values.stagger) * 1000,
    block: block === undefined ? undefined : Math.max(1, parseBytes(block)),
    seed: countOf('seed', values.seed, 0),
    tuning: {
      slots: countOf('slots', values.slots, 1),
      sources: countOf('sources', values.sources, 1),
      tick: numberOf('tick', values.tick),
    },
  };
  const file = svg === undefined ? undefined : resolve(svg);
  return { scenario, svg: file, json: values.json, help: values.help };
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new Error(`--${name} must be a number from 0 on, not "${text}"`);
  return value;
}

function countOf(name: string, text: string, least: number): number {
  const value = numberOf(name, text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${name} must be a whole number from ${least} on, not "${text}"`);
  return value;
}

function percentOf(name: string, text: string): number {
  const value = numberOf(name, text);
  if (value > 100) throw new Error(`--${name} must be percent, 0 to 100, not "${text}"`);
  return value;
}

function rateOf(name: string, text: string): number {
  const rate = parseRate(text);
  if (rate <= 0) throw new Error(`--${name} must be more than nothing`);
  return rate;
}
