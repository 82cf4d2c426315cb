import type { Random } from '../../../src/base/random.ts';
import type { Block } from '../../../src/torrent/geometry.ts';
import type { InfoHash, PeerId } from '../../../src/torrent/ids.ts';
import { mostServed } from '../../../src/torrent/upload-slots.ts';
import type { Blob } from '../scenario/blob.ts';
import type { HostPlan } from '../scenario/scenario.ts';
import { drawPeerId } from '../scenario/draw.ts';
import type { ServiceState } from '../services/registry-services.ts';
import { Conduct, type Subject } from '../watch/conduct.ts';
import type { End } from '../world/end.ts';
import type { SimDisk } from '../world/memory-disk.ts';
import type { Process } from '../world/process.ts';
import { SimFile } from '../world/sim-file.ts';
import type { Station } from '../world/station.ts';
import type { World } from '../world/world.ts';
import { EngineLife } from './engine-life.ts';

/** Connections that an engine may have in one torrent. */
const mostPeers = 60;
/** Milliseconds in which a peer must have said who it is. */
const greetingWithin = 7_000;

/** One machine that runs the real engine, over all the lives of its program. */
export class EngineHost implements Subject {
  readonly plan: HostPlan;
  readonly world: World;
  readonly station: Station;
  readonly disk: SimDisk;
  /** Where the registry is. */
  readonly origin: string;
  readonly services: ServiceState = { tracker: 'up', webSeed: 'up' };
  readonly conducts = new Set<Conduct>();
  readonly touched: Set<Conduct>;
  unchoked = 0;
  /** Addresses that it has banned, over all its lives. */
  readonly banned = new Set<string>();
  /** How many blocks with wrong bytes came from each address. */
  readonly lies = new Map<string, number>();
  /** When each blob was whole here first. */
  readonly completeAt = new Map<Blob, number>();
  /** Downloads that failed. */
  failures = 0;
  id: PeerId;
  readonly #random: Random;
  #life: EngineLife | undefined;
  #lives = 0;
  #isGone = false;
  /** It was told to start while it closed. */
  #isStartDue = false;

  constructor(world: World, plan: HostPlan, origin: string, touched: Set<Conduct>) {
    this.world = world;
    this.plan = plan;
    this.origin = origin;
    this.touched = touched;
    this.#random = world.random();
    this.station = world.network.station(plan.host, plan.link);
    this.id = drawPeerId(this.#random, '-DK0100-');
    this.disk = {
      files: new Map(),
      nature: { ...plan.disk },
      truth: (metainfo) => world.truth(metainfo),
      random: world.random(),
    };
    if (!plan.isOrigin) return;
    for (const { path, metainfo, bytes } of world.blobs)
      this.disk.files.set(path, new SimFile(metainfo, bytes));
  }

  get isRotten(): boolean {
    return this.plan.disk.rotten > 0;
  }

  get isRunning(): boolean {
    return this.#life !== undefined;
  }

  get hasRestarted(): boolean {
    return this.#lives > 1;
  }

  /** True when it has, or once had, all blobs. */
  get isComplete(): boolean {
    return this.completeAt.size === this.world.blobs.length;
  }

  /** True when it should have the blobs in the end. */
  get isExpectedToEnd(): boolean {
    return !this.#isGone && this.plan.disk.failing === 0;
  }

  get process(): Process | undefined {
    return this.#life?.process;
  }

  blobOf(infoHash: InfoHash): Blob | undefined {
    return this.world.blobOf(infoHash);
  }

  hasOnDisk({ path }: Blob, piece: number): boolean {
    return this.disk.files.get(path)?.right.has(piece) ?? false;
  }

  isWhole({ path }: Blob): boolean {
    return this.disk.files.get(path)?.isWhole ?? false;
  }

  wasLiedTo(from: string, { piece, begin }: Block): void {
    this.trace(() => `is given a wrong block ${piece}:${begin} by ${from}`);
    this.lies.set(from, (this.lies.get(from) ?? 0) + 1);
  }

  wrong(what: string): void {
    this.world.wrong(this.plan.host, what);
  }

  trace(text: () => string): void {
    this.world.trace(this.plan.host, text);
  }

  /** Watches a connection of this machine's engine. */
  watch(end: End): void {
    end.tap = new Conduct(end, this, this.world.network.highWaterMark);
  }

  startFirst(): void {
    if (this.#lives === 0) this.start();
  }

  /** Starts the program, and has it fetch the blobs. */
  start(): void {
    this.#isStartDue = this.#life?.isClosing ?? false;
    if (this.#life !== undefined || this.#isGone) return;
    this.#lives++;
    this.world.network.setDark(this.station, false);
    this.trace(() => 'starts');
    if (!this.plan.keepsId) this.id = drawPeerId(this.#random, '-DK0100-');
    this.#life = new EngineLife(this, () => this.#ended());
  }

  /** The program dies at once; `power`: its machine with it. */
  kill(power: boolean): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.trace(() => (power ? 'loses power' : 'is killed'));
    if (power) this.world.network.setDark(this.station, true);
    life.process.kill();
    for (const { end } of this.conducts) end.tap = undefined;
    this.conducts.clear();
    this.unchoked = 0;
    if (!power) return;
    for (const file of this.disk.files.values()) file.losePower(() => this.#random() < 0.5);
  }

  /** Dies, and does not come back. */
  leaveForGood(power: boolean): void {
    this.#isGone = true;
    this.kill(power);
  }

  /** Closes the engine as a program does that is told to end, which looks whether anything of it is left. */
  close(): void {
    this.#life?.close();
  }

  /** Closes for good, whatever was planned. */
  finish(): void {
    this.#isGone = true;
    this.close();
  }

  /** What can be said at any moment. */
  check(now: number): void {
    if (this.#life === undefined) return;
    if (this.unchoked > this.plan.uploadSlots * mostServed)
      this.wrong(`it serves ${this.unchoked} peers`);
    const joined = new Map<Blob | undefined, number>();
    const patience = greetingWithin + this.#life.process.stoodStill;
    for (const { isJoined, blob, since } of this.conducts) {
      if (isJoined) joined.set(blob, (joined.get(blob) ?? 0) + 1);
      else if (now - since > patience) this.wrong('it waits for a handshake for too long');
    }
    for (const count of joined.values())
      if (count > mostPeers) this.wrong(`it has ${count} peers in one torrent`);
    this.#life.check();
  }

  /** How it stands, for who must look into it. */
  state(): string {
    return JSON.stringify({ failures: this.failures, downloads: this.#life?.progress() });
  }

  #ended(): void {
    this.#life = undefined;
    if (this.#isStartDue) this.start();
  }
}
