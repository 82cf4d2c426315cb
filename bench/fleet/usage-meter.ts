import type { Program } from '../../test/lab/program.ts';
import { usageOf } from '../../test/lab/usage.ts';
import { machineTime } from './machine-time.ts';

/** Whose program it is: one that a host needs for itself, the origin, or a client that only asks the host's agent. */
export type UsageKind = 'host' | 'origin' | 'client';

export interface Usage {
  /** CPU seconds of each kind since the start. */
  readonly cpu: Readonly<Record<UsageKind, number>>;
  /** The most bytes of memory that one program of each kind had resident. */
  readonly memory: Readonly<Record<UsageKind, number>>;
  /** How much of all cores was busy since the start, other work of the machine included: 0 to 1. */
  readonly machineBusy: number;
}

interface Watched {
  readonly kind: UsageKind;
  before: number;
}

/** What a contender's programs take of the machine while it runs. */
export class UsageMeter {
  readonly #watched = new Map<Program, Watched>();
  readonly #cpu = { host: 0, origin: 0, client: 0 };
  readonly #memory = { host: 0, origin: 0, client: 0 };
  #machine = machineTime();

  /** Counts a program from now on. */
  watch(kind: UsageKind, program: Program): void {
    this.#watched.set(program, { kind, before: 0 });
  }

  /** What was used so far is forgotten. */
  start(): void {
    for (const [program, watched] of this.#watched) {
      watched.before = usageOf(program.pid).cpuSeconds;
    }
    this.#machine = machineTime();
  }

  /** To be told before a program is killed: nobody can read its use any more then. */
  leave(program: Program): void {
    const watched = this.#watched.get(program);
    if (watched === undefined) return;
    this.#watched.delete(program);
    const { kind, before } = watched;
    if (program.ending !== undefined) return;
    const { cpuSeconds, peakRss } = usageOf(program.pid);
    this.#cpu[kind] += cpuSeconds - before;
    this.#memory[kind] = Math.max(this.#memory[kind], peakRss);
  }

  /** Counts no further. */
  stop(): Usage {
    const { busy, all } = machineTime();
    for (const program of this.#watched.keys()) this.leave(program);
    return {
      cpu: this.#cpu,
      memory: this.#memory,
      machineBusy: (busy - this.#machine.busy) / Math.max(1, all - this.#machine.all),
    };
  }
}
