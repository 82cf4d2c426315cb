import { parseMetainfo, type Metainfo } from '../../src/torrent/metainfo.ts';
import type { AgentProcess } from './docket.ts';
import { eventually } from './eventually.ts';
import type { Lab } from './lab.ts';
import { observePeer, type PeerObserver } from './wire-peer.ts';

/** What the agents of one swarm have, seen by peers that look on. */
export interface SwarmView {
  /** How many different pieces the agents have between them. */
  union(): number;
  /** How many pieces each agent has. */
  counts(): readonly number[];
}

/** Looks on at the swarm of a torrent on each agent, from the moment on that the agent has begun to fetch it. */
export async function watchSwarm(
  lab: Lab,
  torrent: Uint8Array,
  agents: readonly AgentProcess[],
): Promise<SwarmView & { readonly metainfo: Metainfo }> {
  const metainfo = parseMetainfo(torrent);
  const observers: PeerObserver[] = [];
  for (const { peerPort } of agents) {
    const observer = await eventually(
      `a peer at port ${peerPort} that lets others see what it has`,
      async () => {
        const address = { host: '127.0.0.1', port: peerPort };
        const tried = await observePeer(address, metainfo.infoHash, metainfo.pieceCount);
        if (await tried.greeted) return tried;
        await tried[Symbol.asyncDispose]();
        return undefined;
      },
    );
    lab.defer(() => observer[Symbol.asyncDispose]());
    observers.push(observer);
  }
  return {
    metainfo,
    union: () => new Set(observers.flatMap(({ pieces }) => [...pieces])).size,
    counts: () => observers.map(({ pieces }) => pieces.size),
  };
}
