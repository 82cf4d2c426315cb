/** Something to which a time will come. `kind`, a whole number, is its own matter. */
export interface Happening {
  happen(kind: number): void;
}

/** A lap of the wheel is a second or so; what happens later than in this lap waits in a list for each later one. */
const bucketsPerMillisecond = 64;
const bucketsPerLap = 65_536;
const none = -1;

/**
 * What will happen, soonest first, and first come first among those of one moment: a wheel of buckets, each of which is put in
 * order when its time has come, in plain arrays, since hundreds of millions pass through it.
 */
export class EventQueue {
  /** Milliseconds since the start. */
  now = 0;
  /** How many have happened. */
  count = 0;
  #size = 0;
  /** The bucket whose events happen now, in all laps; those of it that have not happened yet, in order. */
  #bucket = 0;
  #due = new Int32Array(64);
  #dueFrom = 0;
  #dueEnd = 0;
  /** The latest that was put into each bucket, and into each later lap: a list through `#before`. */
  readonly #latest = new Int32Array(bucketsPerLap).fill(none);
  readonly #later = new Map<number, number>();
  #times = new Float64Array(1024);
  #kinds = new Int32Array(1024);
  #before = new Int32Array(1024);
  readonly #targets: (Happening | undefined)[] = [];
  readonly #freed: number[] = [];

  /** Has `target` hear of `kind` at `time`, or now when that is over. */
  at(time: number, target: Happening, kind = 0): void {
    const slot = this.#freed.pop() ?? this.#targets.length;
    if (slot === this.#times.length) this.#grow();
    const moment = Math.max(time, this.now);
    this.#targets[slot] = target;
    this.#kinds[slot] = kind;
    this.#times[slot] = moment;
    this.#size++;
    const bucket = Math.floor(moment * bucketsPerMillisecond);
    if (bucket <= this.#bucket) this.#insert(slot);
    else this.#put(slot, bucket);
  }

  after(milliseconds: number, target: Happening, kind = 0): void {
    this.at(this.now + milliseconds, target, kind);
  }

  /** Lets the next thing happen; false when there is none. */
  step(): boolean {
    if (this.#size === 0) return false;
    while (this.#dueFrom === this.#dueEnd) this.#turn();
    const slot = this.#due[this.#dueFrom++] ?? 0;
    this.now = this.#times[slot] ?? 0;
    const target = this.#targets[slot];
    this.#targets[slot] = undefined;
    this.#freed.push(slot);
    this.#size--;
    this.count++;
    target?.happen(this.#kinds[slot] ?? 0);
    return true;
  }

  #put(slot: number, bucket: number): void {
    const lap = Math.floor(bucket / bucketsPerLap);
    if (lap === Math.floor(this.#bucket / bucketsPerLap)) {
      const place = bucket % bucketsPerLap;
      this.#before[slot] = this.#latest[place] ?? none;
      this.#latest[place] = slot;
    } else {
      this.#before[slot] = this.#later.get(lap) ?? none;
      this.#later.set(lap, slot);
    }
  }

  /** Goes on to the next bucket. */
  #turn(): void {
    const place = ++this.#bucket % bucketsPerLap;
    this.#dueFrom = 0;
    this.#dueEnd = 0;
    if (place === 0) this.#beginLap(this.#bucket / bucketsPerLap);
    let slot = this.#latest[place] ?? none;
    if (slot === none) return;
    this.#latest[place] = none;
    for (; slot !== none; slot = this.#before[slot] ?? none) this.#addDue(slot);
    this.#due.subarray(0, this.#dueEnd).reverse();
    this.#sort();
  }

  #beginLap(lap: number): void {
    const slots: number[] = [];
    for (let slot = this.#later.get(lap) ?? none; slot !== none; slot = this.#before[slot] ?? none)
      slots.push(slot);
    this.#later.delete(lap);
    for (const slot of slots.reverse())
      this.#put(slot, Math.floor((this.#times[slot] ?? 0) * bucketsPerMillisecond));
  }

  #addDue(slot: number): void {
    if (this.#dueEnd === this.#due.length) this.#due = grown(this.#due);
    this.#due[this.#dueEnd++] = slot;
  }

  /** They are few, and nearly all later than those before them. */
  #sort(): void {
    for (let index = 1; index < this.#dueEnd; index++) this.#sink(index, this.#due[index] ?? 0, 0);
  }

  #insert(slot: number): void {
    this.#addDue(slot);
    this.#sink(this.#dueEnd - 1, slot, this.#dueFrom);
  }

  /** Moves what stands at `from` before all that are later, but not before `least`. */
  #sink(from: number, slot: number, least: number): void {
    const time = this.#times[slot] ?? 0;
    let place = from;
    for (; place > least; place--) {
      const other = this.#due[place - 1] ?? 0;
      if ((this.#times[other] ?? 0) <= time) break;
      this.#due[place] = other;
    }
    this.#due[place] = slot;
  }

  #grow(): void {
    this.#times = grown(this.#times);
    this.#kinds = grown(this.#kinds);
    this.#before = grown(this.#before);
  }
}

function grown<Numbers extends Int32Array | Float64Array>(numbers: Numbers): Numbers {
  const result = new (numbers.constructor as new (length: number) => Numbers)(numbers.length * 2);
  result.set(numbers);
  return result;
}
