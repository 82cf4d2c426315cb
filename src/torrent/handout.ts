/** The most peers that one answer of a tracker holds: more connections than this do not make a swarm faster. */
export const largestHandout = 50;

/**
 * So many peers are introduced to one that comes first. As many are introduced to it later, so that it ends up with about
 * twice as many neighbours: from 20 on, more of them make a swarm hardly faster.
 */
const firstIntroductions = 25;
/** So many more at each later announce, since some of those it has may not answer, or have no room. */
const laterIntroductions = 10;

/** So many hosts of a zone are its gateways: they alone are given peers outside, so each byte crosses into it about once. */
const gatewaysOfZone = 6;
/** With those that help out when the zone gets nothing. */
const mostGatewaysOfZone = 2 * gatewaysOfZone;
/** A zone in which so many have everything needs none. */
const sourcesOfZone = 3;
/** A host that lacks as much as so many milliseconds ago is not helped by the gateways that there are. */
const starvedAfter = 40_000;

/** Peers outside of a gateway: with so many, of several zones, no zone is cut off by the death of a few. */
const outsideOfGateway = 8;
/** So many of the peers that a zone's seeds are given stand outside. */
const outsideShare = 0.2;
const leastOutside = 2;
/**
 * What the own zone has less than this is made up outside: with fewer than 10 neighbours the last ones to finish are far
 * behind. At first it is less, since zones that begin to come up are small.
 */
const leastNeighbours = { first: 10, later: 20 };

/** The peers of one asker, as far as they are of use to it. */
export interface AskerLinks {
  /** How many peers it wants; undefined leaves it to the tracker. */
  readonly want: number | undefined;
  /** It comes for the first time. */
  readonly isNew: boolean;
  /** The peers it was given and those it was given to: the latter are on their way to it. */
  readonly links: number;
  /** Those of them that stand in another zone. */
  readonly linksOutside: number;
  /** The other peers of its own zone; undefined when it has none: then all peers are alike to it. */
  readonly zoneSize: number | undefined;
  /** What it does for its zone: only gateways and seeds have peers outside it. */
  readonly part: 'gateway' | 'seed' | 'inside';
}

/** How many peers an asker is newly introduced to. */
export interface HandoutShares {
  /** Of other zones, if there are so many. */
  readonly outside: number;
  /** With those of its own zone, or of any when it has none. */
  readonly all: number;
}

/** How many peers a tracker newly introduces to an asker, so that all peers of a swarm get about as many neighbours. */
export function handoutShares(asker: AskerLinks): HandoutShares {
  const { want, isNew, links, linksOutside, zoneSize, part } = asker;
  const room = wantedPeers(want) - links;
  const due = Math.max(firstIntroductions - links, isNew ? 0 : laterIntroductions);
  const all = Math.max(0, Math.min(room, due));
  if (zoneSize === undefined || part === 'inside') return { outside: 0, all };
  const share =
    part === 'gateway'
      ? outsideOfGateway
      : Math.max(leastOutside, Math.round((links + all) * outsideShare));
  const lacking = (isNew ? leastNeighbours.first : leastNeighbours.later) - zoneSize;
  const outside = Math.max(0, Math.max(share, lacking) - linksOutside);
  // One that has all the neighbours it wants is still cut off when none of them stands outside.
  const least = isCutOff(linksOutside) ? Math.min(outside, wantedPeers(want)) : 0;
  return { outside: Math.min(outside, Math.max(all, least)), all: Math.max(all, least) };
}

/** How a zone stands, before a host of it that lacks something. */
export interface ZoneNeed {
  /** Gateways that announce in time and lack something, the host aside. */
  readonly gateways: number;
  /** How many of the zone have everything. */
  readonly complete: number;
  /** For how many milliseconds the host has announced that it lacks the same. */
  readonly starvedFor: number;
}

/**
 * True when a host becomes one of its zone's gateways: the first to come are, and whoever announces next after one has left.
 * One that gets nothing, whatever gateways there are, is one too.
 */
export function isGatewayDue({ gateways, complete, starvedFor }: ZoneNeed): boolean {
  if (starvedFor >= starvedAfter) return gateways < mostGatewaysOfZone;
  return gateways < gatewaysOfZone && complete < sourcesOfZone;
}

/** Of the time for which a peer is listed without an announce, a gateway must announce within this part. */
export const gatewayPatience = 0.6;

/** True for so few links of a gateway with other zones that it needs more, whatever it has inside. */
export function isCutOff(linksOutside: number): boolean {
  return linksOutside < leastOutside;
}

/** How many peers an answer holds at most. */
export function wantedPeers(want: number | undefined): number {
  return Math.min(want ?? largestHandout, largestHandout);
}

/**
 * How many of some new peers are those with the fewest links: half, which makes the swarm even; the others are random,
 * so that it does not fall into groups by the time of arrival.
 */
export function fewestShare(count: number): number {
  return Math.ceil(count / 2);
}

/** One list of both, the shorter one spread over the longer: whoever takes only the first ones gets a fair mixture. */
export function interleaved<T>(longer: readonly T[], shorter: readonly T[]): T[] {
  if (shorter.length > longer.length) return interleaved(shorter, longer);
  const mixed: T[] = [];
  let taken = 0;
  let index = 0;
  for (const item of longer) {
    const due = Math.ceil((++index * shorter.length) / longer.length);
    while (taken < due) mixed.push(shorter[taken++] as T);
    mixed.push(item);
  }
  return mixed;
}

/** Who has the origin among its peers now. */
export interface OriginLinks {
  /** How many peers the origin should be introduced to. */
  readonly most: number;
  /** How many it is. */
  readonly links: number;
  /** How many of them are of the asker's zone; peers without a zone make one of their own. */
  readonly linksInZone: number;
  /** How many zones the swarm has, that one aside. */
  readonly namedZones: number;
}

/** Each zone may have so many whatever the others have. */
const reservedOriginLinks = 2;
/** But all together no more than this many times what the origin should have, however many names of zones are made up. */
const mostOverdrawn = 4;

/**
 * True when the origin may be introduced to one more peer. Zones have equal shares, and one share is left for a zone that
 * comes later: no zone starves another.
 */
export function mayHaveOrigin({ most, links, linksInZone, namedZones }: OriginLinks): boolean {
  if (namedZones > 0 && linksInZone < reservedOriginLinks) return links < mostOverdrawn * most;
  const share = namedZones === 0 ? most : Math.floor(most / (namedZones + 1));
  return links < most && linksInZone < share;
}
