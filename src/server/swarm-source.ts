import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable } from '../base/abortable.ts';
import { every, type Clock } from '../base/clock.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { digestFileName } from '../oci/digest.ts';
import type { BlobSource, FetchedBlob } from '../registry/healing.ts';
import type { BlobRecord, Catalog } from '../storage/catalog.ts';
import { makeFolder } from '../storage/durable-file.ts';
import { recordPathOf } from '../swarm/piece-record.ts';
import { createPeerId } from '../swarm/peer-id.ts';
import type { Download, Swarm } from '../swarm/swarm-types.ts';
import type { InfoHash, PeerAddress, PeerId } from '../torrent/ids.ts';
import { parseMetainfo, type Metainfo } from '../torrent/metainfo.ts';
import type { TrackerTiers } from '../torrent/tracker-tiers.ts';
import type { Tracker } from '../tracker/tracker.ts';

export interface SwarmSourceParts {
  readonly catalog: Catalog;
  readonly swarm: Swarm;
  /** The registry's own tracker, or else those that know the swarms. */
  readonly tracker: Tracker | undefined;
  readonly trackers: TrackerTiers | undefined;
  /** For what is on its way here. */
  readonly folder: string;
  readonly clock: Clock;
  /** Milliseconds without a new piece until the swarm is given up; default one minute. */
  readonly patience?: number;
}

const usualPatience = 60_000;
const mostPeers = 50;

/** The hosts of a blob's swarm: those that have pulled it hold a copy, each piece of which is verified when it comes. */
export class SwarmSource implements BlobSource {
  readonly name = 'the swarm';
  readonly #parts: SwarmSourceParts;
  readonly #id: PeerId = createPeerId();

  constructor(parts: SwarmSourceParts) {
    this.#parts = parts;
  }

  async fetch({ digest }: BlobRecord, signal: AbortSignal): Promise<FetchedBlob | undefined> {
    const { catalog, swarm, folder, trackers } = this.#parts;
    const record = await catalog.torrents.find(digest);
    if (record === undefined) return undefined;
    const metainfo = parseMetainfo(record.metainfo);
    const peers = await this.#peersOf(metainfo);
    if (peers.length === 0 && trackers === undefined) return undefined;
    await makeFolder(folder);
    const path = join(folder, digestFileName(digest));
    // It may still be seeded from the file that is wrong.
    swarm.withdraw(metainfo.infoHash);
    const download = swarm.download(metainfo, {
      path,
      peers,
      trackers: trackers ?? [],
      webSeeds: [],
    });
    const end = async (): Promise<void> => {
      await download.stop();
      await Promise.all([path, recordPathOf(path)].map((file) => rm(file, { force: true })));
    };
    try {
      if (await this.#isDone(download, signal)) {
        return { chunks: createReadStream(path), [Symbol.asyncDispose]: end };
      }
    } catch (error) {
      await end();
      throw error;
    }
    await end();
    return undefined;
  }

  /** Asks the own tracker as a peer would that cannot be reached, so that it is not listed for others. */
  async #peersOf({ infoHash, length }: Metainfo): Promise<readonly PeerAddress[]> {
    const { tracker } = this.#parts;
    if (tracker === undefined) return [];
    const request = requestFor(infoHash, this.#id, length);
    const answer: MaybePromise<{ readonly peers: readonly PeerAddress[] }> = tracker.introduce(
      request,
      { host: '127.0.0.1' },
    );
    const { peers } = await answer;
    await tracker.introduce({ ...request, event: 'stopped' }, { host: '127.0.0.1' });
    return peers;
  }

  /** False when nothing has come for too long. Throws the signal's reason, and what the download fails with. */
  async #isDone(download: Download, signal: AbortSignal): Promise<boolean> {
    const { clock, patience = usualPatience } = this.#parts;
    const stalled = Promise.withResolvers<false>();
    let last = { verified: -1, at: clock.now() };
    const stop = every(clock, Math.min(1000, patience / 4), () => {
      const { verified } = download.progress();
      if (verified > last.verified) last = { verified, at: clock.now() };
      else if (clock.now() - last.at > patience) stalled.resolve(false);
    });
    try {
      const done = download.done.then(() => true);
      return await abortable(Promise.race([done, stalled.promise]), signal);
    } finally {
      stop();
    }
  }
}

function requestFor(infoHash: InfoHash, peerId: PeerId, left: number) {
  const figures = { port: 0, uploaded: 0, downloaded: 0, left };
  return {
    infoHash,
    peerId,
    ...figures,
    event: undefined,
    numWant: mostPeers,
    zone: undefined,
  } as const;
}
