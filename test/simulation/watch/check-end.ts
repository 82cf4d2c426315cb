import { blockCount } from '../../../src/torrent/geometry.ts';
import type { BehaviourName } from '../actors/behaviours.ts';
import type { EngineHost } from '../hosts/engine-host.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { World } from '../world/world.ts';

/** Looks, when all is fetched, at what only then can be said: who has what, and who was banned. */
export function checkEnd(
  world: World,
  engines: readonly EngineHost[],
  scenario: Scenario,
  nature: (name: BehaviourName) => { readonly isBannable: boolean; readonly isLiar: boolean },
): void {
  const rotten = new Set(engines.filter((host) => host.isRotten).map((host) => host.plan.host));
  const actors = new Map(scenario.actors.map((actor) => [actor.host, actor]));
  for (const host of engines) {
    for (const banned of host.bans.banned) {
      const actor = actors.get(banned);
      const isHonest =
        actor === undefined ? !rotten.has(banned) : !nature(actor.behaviour).isBannable;
      if (isHonest)
        host.wrong(
          `it has banned ${banned}, which is honest${actor === undefined ? '' : ` (${actor.behaviour})`}`,
        );
    }
    for (const [liar, lies] of host.lies) {
      const actor = actors.get(liar);
      if (actor?.behaviour !== 'wholeLiar' || host.hasRestarted || host.bans.banned.has(liar))
        continue;
      const piece = blockCount(world.blob.metainfo.pieceLength);
      // Pieces of several senders are nobody's fault; soon one is its alone.
      if (lies >= 4 * piece + 64)
        host.wrong(`it took ${lies} wrong blocks of ${liar} and has not banned it`);
    }
  }
}
