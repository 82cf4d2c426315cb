import { blockCount } from '../../../src/torrent/geometry.ts';
import { behaviours } from '../actors/behaviours.ts';
import type { EngineHost } from '../hosts/engine-host.ts';
import type { ActorPlan } from '../scenario/scenario.ts';

/** Looks, when all is fetched, at what only then can be said: who was banned, and who was not. */
export function checkEnd(hosts: readonly EngineHost[], plans: readonly ActorPlan[]): void {
  const actors = new Map(plans.map((actor) => [actor.host, actor]));
  const rotten = new Set(hosts.filter((host) => host.isRotten).map((host) => host.plan.host));
  for (const host of hosts) {
    for (const banned of host.banned) {
      const behaviour = actors.get(banned)?.behaviour;
      const isBannable =
        behaviour === undefined ? rotten.has(banned) : behaviours[behaviour].isBannable;
      if (!isBannable) host.wrong(`it has banned ${banned}: ${behaviour ?? 'an engine'}`);
    }
    for (const [liar, lies] of host.lies) {
      const isKnown = host.hasRestarted || host.banned.has(liar);
      if (actors.get(liar)?.behaviour !== 'wholeLiar' || isKnown) continue;
      if (lies > mostLies(host))
        host.wrong(`it took ${lies} wrong blocks of ${liar} and has not banned it`);
    }
  }
}

/** A wrong piece of several senders is nobody's alone; but soon one is. */
function mostLies({ world }: EngineHost): number {
  const longest = Math.max(...world.blobs.map(({ metainfo }) => metainfo.pieceLength));
  return 64 + 4 * blockCount(longest);
}
