import type { Random } from '../../../src/base/random.ts';
import type { Connection } from '../../../src/swarm/network.ts';
import type { PeerAddress, PeerId } from '../../../src/torrent/ids.ts';
import { peerPort } from '../hosts/engine-life.ts';
import type { Blob } from '../scenario/blob.ts';
import type { ActorPlan } from '../scenario/scenario.ts';
import { drawPeerId } from '../scenario/draw.ts';
import { MemoryTrackerClient } from '../services/memory-tracker-client.ts';
import { Process } from '../world/process.ts';
import type { Station } from '../world/station.ts';
import type { World } from '../world/world.ts';
import { behaviours } from './behaviours.ts';
import { WirePeer } from './wire-peer.ts';

/** A machine that runs something else than the real engine: another client, or an enemy. */
export class ActorHost {
  readonly plan: ActorPlan;
  readonly station: Station;
  readonly #world: World;
  readonly #process: Process;
  readonly #random: Random;
  readonly #origin: string;
  readonly #blob: Blob;
  readonly #id: PeerId;
  /** Gives the id of a real engine, for a peer that steals one. */
  readonly #stolen: () => PeerId;

  constructor(world: World, plan: ActorPlan, origin: string, stolen: () => PeerId) {
    this.#world = world;
    this.plan = plan;
    this.#origin = origin;
    this.#blob = world.blobs[plan.blob] as Blob;
    this.#stolen = stolen;
    this.#random = world.random();
    this.station = world.network.station(plan.host, plan.link);
    this.#process = new Process(world.timeline);
    this.#id = this.#drawId();
  }

  async start(): Promise<void> {
    const { host } = this.plan;
    const network = this.#world.network.for(this.station, this.#process);
    await network.listen({ host, port: peerPort }, (connection) => this.#meet(connection));
    const tracker = new MemoryTrackerClient(network, this.#process);
    const dialled = new Set<string>();
    const dial = async (address: PeerAddress): Promise<void> => {
      if (dialled.has(address.host) || address.host === host) return;
      dialled.add(address.host);
      try {
        this.#meet(await network.connect(address, 2_000, new AbortController().signal));
      } catch {
        // Nobody there.
      }
      // Whoever was thrown out tries again.
      this.#process.after(this.plan.again, () => dialled.delete(address.host));
    };
    const announce = async (): Promise<void> => {
      const { metainfo } = this.#blob;
      try {
        const { peers } = await tracker.announce(`http://${this.#origin}/announce`, {
          infoHash: metainfo.infoHash,
          peerId: this.#id,
          port: peerPort,
          uploaded: 0,
          downloaded: 0,
          // Who seems to lack something is given all the others, and is given to all the others.
          left: metainfo.length,
          event: 'started',
          numWant: 50,
          zone: undefined,
        });
        if (this.plan.dials) for (const peer of peers) void dial(peer);
      } catch {
        // The tracker is down, as for everybody.
      }
      this.#process.after(5_000, () => void announce());
    };
    await announce();
  }

  close(): void {
    this.#process.kill();
  }

  #meet(connection: Connection): void {
    const peer = new WirePeer({
      connection,
      blob: this.#blob,
      process: this.#process,
      random: this.#random,
      abilities: this.plan.abilities,
    });
    behaviours[this.plan.behaviour].speak(peer);
    const { identity } = this.plan;
    peer.greet(
      identity === 'stolen' ? this.#stolen() : identity === 'new' ? this.#drawId() : this.#id,
    );
  }

  #drawId(): PeerId {
    return drawPeerId(this.#random, '-FK0001-');
  }
}
