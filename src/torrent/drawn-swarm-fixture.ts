import assert from 'node:assert/strict';
import { seededRandom, type Random } from '../base/random.ts';
import { Bitfield } from './bitfield.ts';
import { blockLength, type Block } from './geometry.ts';
import { fieldOf } from './picture-fixture.ts';
import { PiecePicker } from './piece-picker.ts';
import { Requests } from './requests.ts';

/** Who can be asked. */
export interface DrawnPeer {
  readonly name: string;
  readonly has: Bitfield;
}

/** Picks the first of equals, so that a reader knows what comes next. */
const firstOfEquals: Random = () => 0.999_999;

/**
 * The books of who is asked for what, in a swarm drawn as one row a peer: its name, then `x` for each piece that it
 * has. Blocks are named `piece.block`. Keeps books of its own, and compares after every step: a piece is open, begun or
 * had; what a peer owes is what was asked of it and did not come; no block is asked twice of one peer, nor again when
 * it has come.
 */
export class DrawnSwarm {
  readonly picker: PiecePicker;
  readonly requests: Requests<DrawnPeer>;
  readonly pieceCount: number;
  now = 0;
  readonly #blocks: number;
  readonly #length: number;
  readonly #peers = new Map<string, DrawnPeer>();
  readonly #owed = new Map<DrawnPeer, Set<string>>();
  readonly #takenBack = new Map<DrawnPeer, string[]>();
  readonly #received = new Set<string>();
  readonly #had = new Set<number>();
  readonly #single = new Map<number, DrawnPeer | undefined>();

  /** What sources need not send any more, since another does all of a suspect piece. */
  readonly cancelled: string[] = [];

  /** `blocks` of a piece; the last block of the blob is a short one. */
  constructor(rows: string, options: { readonly blocks?: number; readonly seed?: number } = {}) {
    const lines = rows.trim().split('\n');
    const fields = lines.map((line) => /^\s*(\w+) +(.*)$/.exec(line));
    this.pieceCount = fieldOf(fields[0]?.[2] ?? '').length;
    this.#blocks = options.blocks ?? 2;
    this.#length = this.pieceCount * this.#blocks * blockLength - 100;
    const random = options.seed === undefined ? firstOfEquals : seededRandom(options.seed);
    this.picker = new PiecePicker(new Bitfield(this.pieceCount), random);
    const pieceLength = this.#blocks * blockLength;
    const geometry = { length: this.#length, pieceLength, pieceCount: this.pieceCount };
    this.requests = new Requests(geometry, this.picker, {
      cancel: ({ name }, block) => this.cancelled.push(`${name} ${nameOf(block)}`),
    });
    for (const field of fields) this.join(field?.[1] ?? '', field?.[2] ?? '');
  }

  get names(): readonly string[] {
    return [...this.#peers.keys()];
  }

  get isDone(): boolean {
    return this.#had.size === this.pieceCount;
  }

  peer(name: string): DrawnPeer {
    const peer = this.#peers.get(name);
    assert.ok(peer !== undefined, `there is no peer ${name}`);
    return peer;
  }

  join(name: string, picture: string): void {
    const peer = { name, has: fieldOf(picture) };
    this.#peers.set(name, peer);
    for (const piece of peer.has.indexes()) this.picker.gained(piece);
  }

  gain(name: string, piece: number): void {
    if (this.peer(name).has.add(piece)) this.picker.gained(piece);
  }

  /** Asks a peer for at most `most` blocks; which they are. */
  ask(name: string, most = Infinity): string {
    const peer = this.peer(name);
    const asked: string[] = [];
    while (asked.length < most) {
      const isWanted = this.requests.wants(peer, peer.has, this.now);
      const block = this.requests.next(peer, peer.has, this.now);
      assert.equal(block !== undefined, isWanted, `what is wanted of ${name}`);
      if (block === undefined) break;
      assert.ok(peer.has.has(block.piece), `${name} has no piece ${block.piece}`);
      this.#note(peer, block);
      asked.push(nameOf(block));
      this.check();
    }
    return asked.join(' ');
  }

  /** Asks a peer that has everything for a run of whole pieces; which they are. */
  askRun(name: string, most = 1): string {
    const peer = this.peer(name);
    const run = this.requests.askRun(peer, most, this.now);
    for (const piece of run) {
      this.#takeOver(peer, piece);
      for (let index = 0; index < this.#blocks; index++) {
        const block = this.block(`${piece}.${index}`);
        if (!this.#received.has(nameOf(block)) && !this.#books(this.#owed, peer).has(nameOf(block)))
          this.#note(peer, block);
      }
    }
    this.check();
    return run.join(' ');
  }

  /** Blocks come from a peer; what the last of them meant, and who need not send it any more. */
  arrive(name: string, blocks: string): string {
    let outcome = '';
    for (const text of blocks.split(' ')) {
      const peer = this.peer(name);
      const arrival = this.requests.arrived(peer, this.block(text), this.now);
      const wasOwed = this.#books(this.#owed, peer).delete(text);
      const wasTakenBack = !wasOwed && this.#forgive(peer, text);
      assert.equal(arrival.kind === 'unasked', !wasOwed && !wasTakenBack, `${text} of ${name}`);
      outcome = arrival.kind;
      if (arrival.kind === 'wanted') {
        assert.ok(!this.#received.has(text), `${text} had come already`);
        this.#received.add(text);
        const others = [...this.#owed.keys()].filter((other) => this.#owed.get(other)?.has(text));
        assert.deepEqual(new Set(arrival.cancel), new Set(others));
        for (const other of others) this.#move(other, text);
        if (arrival.complete) outcome = 'complete';
        assert.equal(arrival.complete, this.missing(this.block(text).piece) === 0);
        const cancelled = arrival.cancel.map((other) => other.name);
        if (cancelled.length > 0) outcome += `, cancel ${cancelled.join(' ')}`;
      } else if (wasOwed) assert.equal(arrival.kind, 'late');
      this.check();
    }
    return outcome;
  }

  reject(name: string, blocks: string): void {
    for (const text of blocks.split(' ')) {
      const peer = this.peer(name);
      // Answers come in the order of the requests: first to what was taken back.
      const wasOwed = !this.#forgive(peer, text) && this.#books(this.#owed, peer).delete(text);
      if (wasOwed) this.#disown(peer, this.block(text).piece);
      assert.equal(this.requests.rejected(peer, this.block(text)), wasOwed);
      this.check();
    }
  }

  /** Another host fetches the piece. */
  yield(piece: number): boolean {
    const hasYielded = this.requests.yield(piece);
    if (hasYielded) {
      for (const peer of this.#peers.values()) {
        for (const text of this.#books(this.#owed, peer))
          if (this.block(text).piece === piece) this.#move(peer, text);
        this.#disown(peer, piece);
      }
      for (const text of this.#received)
        if (this.block(text).piece === piece) this.#received.delete(text);
    }
    this.check();
    return hasYielded;
  }

  /** It choked us without BEP 6, or stalls. */
  takeBack(name: string): string {
    const peer = this.peer(name);
    const owed = [...this.#books(this.#owed, peer)];
    assert.deepEqual(this.requests.takeBack(peer).map(nameOf), owed);
    for (const text of owed) this.#move(peer, text);
    this.#disown(peer);
    this.check();
    return owed.join(' ');
  }

  /** It choked us with BEP 6. */
  release(name: string): void {
    this.requests.release(this.peer(name));
    this.#disown(this.peer(name));
    this.check();
  }

  leave(name: string): void {
    const peer = this.peer(name);
    this.picker.left(peer.has);
    this.requests.forget(peer);
    this.#owed.delete(peer);
    this.#takenBack.delete(peer);
    this.#disown(peer);
    this.#peers.delete(name);
    this.check();
  }

  verified(piece: number): void {
    this.requests.verified(piece);
    this.#had.add(piece);
    this.#single.delete(piece);
    this.check();
  }

  /** The piece was wrong; the name of the one who alone sent it. */
  failed(piece: number): string | undefined {
    const culprit = this.requests.failed(piece);
    for (let index = 0; index < this.#blocks; index++) this.#received.delete(`${piece}.${index}`);
    if (this.#single.has(piece))
      assert.notEqual(culprit, undefined, 'a suspect piece has one sender');
    if (culprit === undefined) this.#single.set(piece, undefined);
    this.check();
    return culprit?.name;
  }

  /** What a peer owes. */
  owed(name: string): readonly string[] {
    return [...this.#books(this.#owed, this.peer(name))];
  }

  takenBack(name: string): readonly string[] {
    return this.#takenBack.get(this.peer(name)) ?? [];
  }

  /** Pieces that have come whole and are neither right nor wrong yet. */
  get unverified(): readonly number[] {
    return Array.from({ length: this.pieceCount }, (_, piece) => piece).filter(
      (piece) => !this.#had.has(piece) && this.missing(piece) === 0,
    );
  }

  /** How many blocks of a piece have not come. */
  missing(piece: number): number {
    let count = 0;
    for (let index = 0; index < this.#blocks; index++)
      if (!this.#received.has(`${piece}.${index}`)) count++;
    return count;
  }

  block(text: string): Block {
    const [piece = 0, index = 0] = text.split('.').map(Number);
    const begin = index * blockLength;
    const left = this.#length - (piece * this.#blocks * blockLength + begin);
    return { piece, begin, length: Math.min(blockLength, left) };
  }

  check(): void {
    for (const peer of this.#peers.values())
      assert.equal(this.requests.outstanding(peer), this.#owed.get(peer)?.size ?? 0, peer.name);
    const begun = new Set<number>();
    for (const texts of [...this.#owed.values(), this.#received])
      for (const text of texts) begun.add(this.block(text).piece);
    for (let piece = 0; piece < this.pieceCount; piece++) {
      const isBegun = begun.has(piece) && !this.#had.has(piece);
      if (isBegun || this.#had.has(piece)) assert.ok(!this.picker.isOpen(piece), `${piece}`);
    }
    for (const [peer, texts] of this.#owed) {
      for (const text of texts) {
        assert.ok(!this.#received.has(text), `${peer.name} owes ${text}, which has come`);
        assert.ok(
          !this.#had.has(this.block(text).piece),
          `${peer.name} owes ${text}, which is had`,
        );
      }
    }
  }

  #note(peer: DrawnPeer, block: Block): void {
    const text = nameOf(block);
    assert.deepEqual(block, this.block(text));
    this.#takeOver(peer, block.piece);
    const owed = this.#books(this.#owed, peer);
    assert.ok(!owed.has(text), `${text} is asked twice of ${peer.name}`);
    assert.ok(!this.#received.has(text), `${text} has come already`);
    owed.add(text);
  }

  /** Of a suspect piece nothing counts but what its new owner sends. */
  #takeOver(peer: DrawnPeer, piece: number): void {
    if (!this.#single.has(piece) || this.#single.get(piece) === peer) return;
    this.#single.set(piece, peer);
    for (let index = 0; index < this.#blocks; index++) {
      this.#received.delete(`${piece}.${index}`);
      for (const [other, owed] of this.#owed)
        if (owed.has(`${piece}.${index}`)) this.#move(other, `${piece}.${index}`);
    }
  }

  #disown(peer: DrawnPeer, only?: number): void {
    for (const [piece, owner] of this.#single)
      if (owner === peer && (only ?? piece) === piece) this.#single.set(piece, undefined);
  }

  #move(peer: DrawnPeer, text: string): void {
    this.#books(this.#owed, peer).delete(text);
    this.#takenBack.set(peer, [...(this.#takenBack.get(peer) ?? []), text]);
  }

  /** Settles one request for the block that was taken back; false when there is none. */
  #forgive(peer: DrawnPeer, text: string): boolean {
    const takenBack = this.#takenBack.get(peer) ?? [];
    const place = takenBack.indexOf(text);
    if (place >= 0) this.#takenBack.set(peer, takenBack.toSpliced(place, 1));
    return place >= 0;
  }

  #books(books: Map<DrawnPeer, Set<string>>, peer: DrawnPeer): Set<string> {
    const book = books.get(peer) ?? new Set();
    books.set(peer, book);
    return book;
  }
}

function nameOf(block: Block): string {
  return `${block.piece}.${block.begin / blockLength}`;
}
