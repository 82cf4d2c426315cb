import type { Scenario } from './scenario.ts';

/** What the engine may wait, in milliseconds, before it has tried every other way. */
const slack = 150_000;
/** How many times the time of the slowest link a swarm may take, for each doubling of its hosts. */
const factor = 10;

/** When all is in order again, and every program has been started. */
export function lastFault({ hosts, faults }: Scenario): number {
  const ends = faults.map((fault) => ('until' in fault ? fault.until : fault.at));
  return Math.max(...ends, ...hosts.map(({ startsAt }) => startsAt));
}

/** The virtual moment at which every healthy host of a scenario must have all blobs. */
export function patience(scenario: Scenario): number {
  const { hosts, blobs } = scenario;
  const paces = hosts.map(({ link, limits: { upload, download } }) =>
    Math.min(link.up, link.down, (upload ?? Infinity) / 1000, (download ?? Infinity) / 1000),
  );
  const bytes = blobs.reduce((sum, { length }) => sum + length, 0);
  const slowest = bytes / Math.min(...paces);
  return lastFault(scenario) + slack + factor * slowest * Math.log2(hosts.length + 1);
}
