import { BufferPool } from '../base/buffer-pool.ts';
import { Appetite, usualSources } from '../torrent/appetite.ts';
import { TurnTimes } from '../torrent/turn-times.ts';
import { usualSlots } from '../torrent/upload-slots.ts';
import { BanList } from './ban-list.ts';
import { Dialer } from './dialer.ts';
import type { Environment } from './environment.ts';
import { createPeerId } from './peer-id.ts';
import { fileDisk } from './piece-file.ts';
import { SlotKeeper } from './slot-keeper.ts';
import type { SwarmOptions } from './swarm-options.ts';
import { tcpNetwork } from './tcp-network.ts';
import { Teller } from './teller.ts';
import { TrackerBook } from './tracker-book.ts';
import { WebSeedClient } from './web-seed-client.ts';

/** What the environment must know of the swarm that it is made for. */
export interface SwarmFacts {
  /** Where peers are accepted. */
  readonly port: () => number;
  /** True when one more connection may be opened. */
  readonly hasRoom: () => boolean;
}

/** Bytes of messages that are being sent, and of pieces that are being fetched, over all torrents. */
const messageBytes = 32 * 1024 * 1024;
const pieceBytes = 32 * 1024 * 1024;

/** Puts together what all torrents of a swarm share; where the options name nothing, the system's. */
export function createEnvironment(
  options: SwarmOptions,
  { port, hasRoom }: SwarmFacts,
): Environment {
  const { clock, random, log, upload, download, zone, peersFrom = [] } = options;
  const id = options.peerId ?? createPeerId();
  const network = options.network ?? tcpNetwork;
  const rules = () => ({ peersFrom, ownPort: port() });
  const client = options.trackerClient;
  return {
    id,
    port,
    clock,
    random,
    log,
    upload,
    download,
    network,
    dialer: new Dialer({ id, network, clock, rules, hasRoom }),
    trackers: new TrackerBook({ client, clock, random, log, id, port, zone }),
    webSeeds: options.webSeedClient ?? new WebSeedClient(),
    disk: options.disk ?? fileDisk(clock),
    messages: new BufferPool(messageBytes),
    pieces: new BufferPool(pieceBytes),
    bans: new BanList(clock),
    slots: new SlotKeeper(options.uploadSlots ?? usualSlots, clock),
    appetite: new Appetite(options.sources ?? usualSources),
    takings: new TurnTimes(),
    givings: new TurnTimes(),
    teller: new Teller(clock),
    counters: { sent: 0, received: 0, fromWebSeeds: 0 },
    isOrigin: options.isOrigin ?? false,
    zone,
  };
}
