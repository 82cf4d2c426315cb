import { hash } from 'node:crypto';
import type { Log } from '../../../src/base/log.ts';
import type { Random } from '../../../src/base/random.ts';
import { createRateLimiter } from '../../../src/base/rate-limiter.ts';
import { SwarmError } from '../../../src/swarm/swarm-error.ts';
import type { Download, Swarm } from '../../../src/swarm/swarm-types.ts';
import { startSwarm } from '../../../src/swarm/swarm.ts';
import type { Block } from '../../../src/torrent/geometry.ts';
import type { Metainfo } from '../../../src/torrent/metainfo.ts';
import { peerIdOf, type PeerId } from '../../../src/torrent/ids.ts';
import type { HostPlan } from '../scenario/scenario.ts';
import { MemoryRangeClient, MemoryTrackerClient } from '../services/service-clients.ts';
import { startServices, type ServiceState } from '../services/registry-services.ts';
import { Conduct, type Subject } from '../watch/conduct.ts';
import type { End } from '../world/end.ts';
import { MemoryDisk, type SimDisk } from '../world/memory-disk.ts';
import { Process } from '../world/process.ts';
import { SimFile } from '../world/sim-file.ts';
import type { Station } from '../world/station.ts';
import type { World } from '../world/world.ts';
import { BanWatch } from './ban-watch.ts';

/** Where engines accept peers. */
export const peerPort = 6881;
/** Where the blob stands on every machine. */
const path = '/blobs/layer';
/** Connections that an engine may have in one torrent. */
const mostPeers = 60;
/** Milliseconds in which a peer must have said who it is, and a swarm must have closed. */
const greetingWithin = 7_000;
const closedWithin = 30_000;

/** One machine that runs the real engine, over all the lives of its program. */
export class EngineHost implements Subject {
  readonly plan: HostPlan;
  readonly station: Station;
  readonly disk: SimDisk;
  readonly services: ServiceState = { tracker: 'up', webSeed: 'up' };
  readonly conducts = new Set<Conduct>();
  readonly touched: Set<Conduct>;
  readonly bans: BanWatch;
  unchoked = 0;
  /** Blocks with wrong bytes that came from each address. */
  readonly lies = new Map<string, number>();
  /** When the blob was whole here first. */
  completeAt: number | undefined;
  /** It was told that the download failed so often. */
  failures = 0;
  isRunning = false;
  readonly #world: World;
  readonly #random: Random;
  readonly #origin: string;
  #process: Process;
  #swarm: Swarm | undefined;
  #download: Download | undefined;
  #memoryDisk: MemoryDisk | undefined;
  #id: PeerId;
  #isClosing = false;
  #isGone = false;
  /** It was told to start while it closed. */
  #isStartDue = false;
  #lives = 0;

  constructor(world: World, plan: HostPlan, origin: string, touched: Set<Conduct>) {
    this.#world = world;
    this.plan = plan;
    this.#origin = origin;
    this.touched = touched;
    this.#random = world.random();
    this.station = world.network.station(plan.host, plan.link);
    this.#process = new Process(world.timeline);
    this.#id = this.#drawId();
    this.bans = new BanWatch();
    this.disk = {
      files: new Map(),
      nature: { ...plan.disk },
      truth: (metainfo) => world.truth(metainfo),
      random: world.random(),
    };
    if (plan.isOrigin) this.disk.files.set(path, new SimFile(this.metainfo, world.blob.bytes));
  }

  get metainfo(): Metainfo {
    return this.#world.blob.metainfo;
  }

  get blob(): Buffer {
    return this.#world.blob.bytes;
  }

  get isRotten(): boolean {
    return this.plan.disk.rotten > 0;
  }

  get isComplete(): boolean {
    return this.completeAt !== undefined;
  }

  /** True when it should have the blob in the end. */
  get isExpectedToEnd(): boolean {
    return !this.#isGone && this.plan.disk.failing === 0;
  }

  get hasRestarted(): boolean {
    return this.#lives > 1;
  }

  get id(): PeerId {
    return this.#id;
  }

  get process(): Process {
    return this.#process;
  }

  hasOnDisk(piece: number): boolean {
    return this.disk.files.get(path)?.right.has(piece) ?? false;
  }

  gotBlock(from: string, _block: Block, isRight: boolean): void {
    if (!isRight) this.trace(() => `gets a wrong block ${_block.piece}:${_block.begin} of ${from}`);
    if (!isRight) this.lies.set(from, (this.lies.get(from) ?? 0) + 1);
  }

  wrong(what: string): void {
    this.#world.wrong(this.plan.host, what);
  }

  trace(text: () => string): void {
    this.#world.trace(this.plan.host, text);
  }

  /** Watches a connection of this machine's engine. */
  watch(end: End): void {
    end.tap = new Conduct(end, this, this.#world.network.highWaterMark);
  }

  startFirst(): void {
    if (this.#lives === 0) this.start();
  }

  /** Dies, and does not come back. */
  leaveForGood(power: boolean): void {
    this.#isGone = true;
    this.kill(power);
  }

  /** How its download stands, for who must look into it. */
  state(): string {
    return JSON.stringify({
      isRunning: this.isRunning,
      failures: this.failures,
      ...this.#download?.progress(),
    });
  }

  /** Starts the program, and has it fetch the blob. */
  start(): void {
    this.#isStartDue = this.#isClosing;
    if (this.isRunning || this.#isGone) return;
    this.isRunning = true;
    this.#lives++;
    this.#isClosing = false;
    this.#download = undefined;
    this.#swarm = undefined;
    this.#process = new Process(this.#world.timeline);
    this.#world.network.setDark(this.station, false);
    this.#world.trace(this.plan.host, () => 'starts');
    void this.#run(this.#process).catch((error: unknown) =>
      this.wrong(`its start failed: ${String(error)}`),
    );
  }

  /** The program dies at once; `power`: its machine with it. */
  kill(power: boolean): void {
    if (!this.isRunning) return;
    this.isRunning = false;
    this.#isClosing = false;
    this.#world.trace(this.plan.host, () => (power ? 'loses power' : 'is killed'));
    if (power) this.#world.network.setDark(this.station, true);
    this.#process.kill();
    for (const { end } of this.conducts) end.tap = undefined;
    this.conducts.clear();
    this.unchoked = 0;
    if (power)
      for (const file of this.disk.files.values()) file.losePower(() => this.#random() < 0.5);
  }

  /** Closes the engine as a program does that is told to end, and looks whether anything of it is left. */
  close(): void {
    const swarm = this.#swarm;
    const process = this.#process;
    if (!this.isRunning || swarm === undefined || this.#isClosing) return;
    this.#isClosing = true;
    this.#world.trace(this.plan.host, () => 'closes');
    let isClosed = false;
    swarm.close().then(
      () => {
        isClosed = true;
        // What it still waits for must come to its end by itself, at once.
        process.after(1, () => this.#closed(process));
      },
      (error: unknown) => this.wrong(`it does not close: ${String(error)}`),
    );
    process.after(closedWithin, () => {
      if (!isClosed) this.wrong(`it does not close within ${closedWithin / 1000} s`);
    });
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** What can be said at any moment. */
  check(now: number): void {
    if (!this.isRunning) return;
    if (this.unchoked > this.plan.uploadSlots)
      this.wrong(`it serves ${this.unchoked} peers at a time`);
    let joined = 0;
    for (const conduct of this.conducts) {
      if (conduct.isJoined) joined++;
      else if (now - conduct.since > greetingWithin + this.#process.stoodStill)
        this.wrong('it waits for a handshake for too long');
    }
    if (joined > mostPeers) this.wrong(`it has ${joined} peers`);
    const progress = this.#download?.progress();
    const file = this.disk.files.get(path);
    if (progress !== undefined && file !== undefined && progress.piecesVerified > file.right.size)
      this.wrong(`it counts ${progress.piecesVerified} pieces and has ${file.right.size}`);
  }

  async #run(process: Process): Promise<void> {
    const { plan } = this;
    const network = this.#world.network.for(this.station, process);
    this.#memoryDisk = new MemoryDisk(this.disk, process);
    if (!plan.keepsId) this.#id = this.#drawId();
    if (plan.isOrigin) {
      const origin = { host: plan.host, port: peerPort };
      const random = this.#world.random();
      await startServices({
        process,
        network,
        random,
        origin,
        state: this.services,
        blob: this.blob,
      });
    }
    const swarm = await startSwarm({
      listen: { host: plan.host, port: peerPort },
      peerId: this.#id,
      clock: process.clock,
      random: this.#world.random(),
      log: this.#log(),
      upload: createRateLimiter(plan.limits.upload, process.outerClock),
      download: createRateLimiter(plan.limits.download, process.outerClock),
      trackerClient: new MemoryTrackerClient(network, process),
      webSeedClient: new MemoryRangeClient(network, process),
      seed: async () => (this.#isWhole() ? { metainfo: this.metainfo, path } : undefined),
      isOrigin: plan.isOrigin,
      network,
      disk: this.#memoryDisk,
      uploadSlots: plan.uploadSlots,
    });
    if (process.isDead) return;
    this.#swarm = swarm;
    if (plan.isOrigin) {
      this.completeAt ??= this.#world.timeline.now;
      swarm.announceSeed(this.metainfo.infoHash, []);
    } else this.#fetch(process, swarm);
  }

  #fetch(process: Process, swarm: Swarm): void {
    const trackers = this.plan.hasTracker ? [[`http://${this.#origin}/announce`]] : [];
    const webSeeds = this.plan.hasWebSeed ? [`http://${this.#origin}/blob`] : [];
    const peers = this.plan.knows.map((host) => ({ host, port: peerPort }));
    const download = swarm.download(this.metainfo, { path, trackers, webSeeds, peers });
    this.#download = download;
    if (this.plan.isReader) void this.#read(process, download);
    download.done.then(
      () => {
        this.#world.trace(this.plan.host, () => 'has the blob');
        if (!this.#isWhole()) this.wrong('it says that the blob is whole, and it is not');
        this.completeAt ??= this.#world.timeline.now;
        swarm.announceSeed(this.metainfo.infoHash, trackers);
      },
      (error: unknown) => {
        if (!(error instanceof SwarmError))
          return this.wrong(`the download ends with ${String(error)}`);
        this.#world.trace(this.plan.host, () => `fails: ${error.code} ${error.message}`);
        if (this.#isClosing || process.isDead) return undefined;
        this.failures++;
        return (
          process.after(2_000, () => this.#isClosing || this.#fetch(process, swarm)) && undefined
        );
      },
    );
  }

  /** Reads the blob from the front while it comes, as the agent's mirror does. */
  async #read(process: Process, download: Download): Promise<void> {
    let offset = 0;
    try {
      while (offset < this.blob.length) {
        const bytes = await download.read(offset, 100_000);
        if (!this.isRotten && !this.blob.subarray(offset, offset + bytes.length).equals(bytes))
          this.wrong(`a reader is given wrong bytes at ${offset}`);
        if (bytes.length === 0 || bytes.length > 100_000)
          this.wrong(`a reader is given ${bytes.length} bytes`);
        offset += bytes.length;
      }
    } catch (error) {
      if (!process.isDead)
        this.#world.trace(this.plan.host, () => `a reader ends at ${offset}: ${String(error)}`);
    }
  }

  #closed(process: Process): void {
    if (process.timers > 0) this.wrong(`${process.timers} timers are left after it was closed`);
    if (this.conducts.size > 0)
      this.wrong(`${this.conducts.size} connections are left after it was closed`);
    if (this.station.listeners.has(peerPort)) this.wrong('it listens after it was closed');
    if (this.#memoryDisk !== undefined && this.#memoryDisk.open > 0)
      this.wrong(`${this.#memoryDisk.open} files are open after it was closed`);
    this.isRunning = false;
    this.#isClosing = false;
    process.kill();
    if (this.#isStartDue) this.start();
  }

  #isWhole(): boolean {
    return this.disk.files.get(path)?.isWhole ?? false;
  }

  #drawId(): PeerId {
    return peerIdOf(
      Buffer.concat([
        Buffer.from('-DK0100-'),
        hash('sha1', String(this.#random()), 'buffer').subarray(0, 12),
      ]),
    );
  }

  #log(): Log {
    const tell = (fields: object, message: string): void => {
      this.bans.heard(fields, message);
      this.#world.trace(this.plan.host, () => `${message} ${JSON.stringify(fields)}`);
    };
    const log: Log = { debug: tell, info: tell, warn: tell, error: tell, child: () => log };
    return log;
  }
}
