import { createRateLimiter } from '../../../src/base/rate-limiter.ts';
import { SwarmError } from '../../../src/swarm/swarm-error.ts';
import type { Download, DownloadProgress, Swarm } from '../../../src/swarm/swarm-types.ts';
import { startSwarm } from '../../../src/swarm/swarm.ts';
import type { Blob } from '../scenario/blob.ts';
import { startServices } from '../services/registry-services.ts';
import { MemoryRangeClient } from '../services/memory-range-client.ts';
import { MemoryTrackerClient } from '../services/memory-tracker-client.ts';
import { MemoryDisk } from '../world/memory-disk.ts';
import { Process } from '../world/process.ts';
import type { EngineHost } from './engine-host.ts';
import { listeningLog } from './listening-log.ts';
import { readThrough } from './read-through.ts';

/** Where engines accept peers. */
export const peerPort = 6881;
/** Milliseconds in which a swarm must have closed. */
const closedWithin = 30_000;
/** Milliseconds without a fault in which no download may starve. */
const quiet = 90_000;
/** Milliseconds after which a download that failed is begun again. */
const pause = 2_000;

/** One life of a program that runs the real engine: from its start until it is killed or has closed. */
export class EngineLife {
  readonly process: Process;
  isClosing = false;
  readonly #host: EngineHost;
  readonly #disk: MemoryDisk;
  readonly #onEnd: () => void;
  readonly #downloads = new Map<Blob, Download>();
  #swarm: Swarm | undefined;
  /** It was told to close before it had started. */
  #isCloseDue = false;

  constructor(host: EngineHost, onEnd: () => void) {
    this.#host = host;
    this.#onEnd = onEnd;
    this.process = new Process(host.world.timeline);
    this.#disk = new MemoryDisk(host.disk, this.process);
    this.#start().catch((error: unknown) => host.wrong(`it does not start: ${String(error)}`));
  }

  progress(): DownloadProgress[] {
    return [...this.#downloads.values()].map((download) => download.progress());
  }

  check(): void {
    const { disk } = this.#host;
    for (const [{ path }, download] of this.#downloads) {
      const { piecesVerified } = download.progress();
      const right = disk.files.get(path)?.right.size ?? 0;
      if (piecesVerified > right)
        this.#host.wrong(`it counts ${piecesVerified} pieces of ${right}`);
    }
  }

  close(): void {
    const swarm = this.#swarm;
    this.#isCloseDue = swarm === undefined;
    if (swarm === undefined || this.isClosing) return;
    this.isClosing = true;
    this.#host.trace(() => 'closes');
    const cancel = this.process.after(closedWithin, () =>
      this.#host.wrong(`it does not close within ${closedWithin / 1000} s`),
    );
    swarm.close().then(
      () => {
        cancel();
        // What it still waits for must come to its end by itself, at once.
        this.process.after(1, () => this.#closed());
      },
      (error: unknown) => this.#host.wrong(`it does not close: ${String(error)}`),
    );
  }

  async #start(): Promise<void> {
    const { process } = this;
    const { plan, world, station, services, id } = this.#host;
    const network = world.network.for(station, process);
    if (plan.isOrigin) {
      const origin = { host: plan.host, port: peerPort };
      const { blobs } = world;
      const random = world.random();
      await startServices({ process, network, random, origin, state: services, blobs });
    }
    const swarm = await startSwarm({
      listen: { host: plan.host, port: peerPort },
      peerId: id,
      clock: process.clock,
      random: world.random(),
      log: listeningLog(this.#host),
      upload: createRateLimiter(plan.limits.upload, process.outerClock),
      download: createRateLimiter(plan.limits.download, process.outerClock),
      trackerClient: new MemoryTrackerClient(network, process),
      webSeedClient: new MemoryRangeClient(network, process),
      seed: async (infoHash) => {
        const blob = world.blobOf(infoHash);
        return blob !== undefined && this.#host.isWhole(blob) ? blob : undefined;
      },
      isOrigin: plan.isOrigin,
      zone: plan.zone,
      network,
      disk: this.#disk,
      uploadSlots: plan.uploadSlots,
    });
    if (process.isDead) return;
    this.#swarm = swarm;
    for (const blob of world.blobs) {
      if (!plan.isOrigin) this.#fetch(swarm, blob);
      else {
        this.#host.completeAt.set(blob, 0);
        swarm.announceSeed(blob.metainfo.infoHash, []);
      }
    }
    if (this.#isCloseDue) this.close();
  }

  #fetch(swarm: Swarm, blob: Blob): void {
    if (this.isClosing) return;
    const { plan, origin, world } = this.#host;
    const trackers = plan.hasTracker ? [[`http://${origin}/announce`]] : [];
    const webSeeds = plan.hasWebSeed ? [`http://${origin}${blob.path}`] : [];
    const peers = plan.knows.map((host) => ({ host, port: peerPort }));
    const { path, metainfo } = blob;
    const download = swarm.download(metainfo, { path, trackers, webSeeds, peers });
    this.#downloads.set(blob, download);
    if (plan.isReader) void readThrough(download, blob, this.#host);
    download.done.then(
      () => {
        this.#host.trace(() => `has ${path}`);
        if (!this.#host.isWhole(blob)) this.#host.wrong(`it says that ${path} is whole`);
        if (!this.#host.completeAt.has(blob)) this.#host.completeAt.set(blob, world.timeline.now);
        swarm.announceSeed(metainfo.infoHash, trackers);
      },
      (error: unknown) => {
        if (!(error instanceof SwarmError)) return this.#host.wrong(`it fails: ${String(error)}`);
        this.#host.trace(() => `fails to get ${path}: ${error.code} ${error.message}`);
        if (!this.isClosing) this.#host.failures++;
        if (error.code === 'SWARM_STALLED' && world.timeline.now - world.quietFrom > quiet)
          this.#host.wrong(`it gave up, ${quiet / 1000} s after all was in order again`);
        this.process.after(pause, () => this.#fetch(swarm, blob));
      },
    );
  }

  #closed(): void {
    const { conducts, station } = this.#host;
    const { timers } = this.process;
    const files = this.#disk.open;
    if (timers > 0) this.#host.wrong(`${timers} timers are left after it was closed`);
    if (files > 0) this.#host.wrong(`${files} files are open after it was closed`);
    if (conducts.size > 0) this.#host.wrong(`${conducts.size} connections outlive it`);
    if (station.listeners.has(peerPort)) this.#host.wrong('it listens after it was closed');
    this.process.kill();
    this.#onEnd();
  }
}
