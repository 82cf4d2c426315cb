import type { Program } from '../../../test/lab/program.ts';
import type { HostPlan } from '../host-plan.ts';
import type { FleetHost } from '../network.ts';
import type { Runner } from '../race.ts';
import type { Contest } from './contender.ts';

/** A host on which one program does everything, and says `whole` when it has done so. */
class RestartingRunner implements Runner {
  readonly plan: HostPlan;
  readonly whole: Promise<void>;
  readonly #contest: Contest;
  readonly #start: (gate: string | undefined) => Program;
  readonly #whole = Promise.withResolvers<void>();
  #program: Program;

  /** `start` starts the program, which waits at the gate if there is one. */
  constructor(contest: Contest, plan: HostPlan, start: (gate: string | undefined) => Program) {
    this.plan = plan;
    this.whole = this.#whole.promise;
    this.#contest = contest;
    this.#start = start;
    this.#program = this.#begin(contest.gate.path);
    this.whole.catch(() => {});
  }

  /** Resolves when the host waits at the gate. */
  async arrived(): Promise<void> {
    await this.#contest.gate.arrived(this.#program);
  }

  async kill(): Promise<void> {
    const killed = this.#program;
    this.#contest.meter.leave(killed);
    await killed.kill();
  }

  async revive(): Promise<void> {
    this.#program = this.#begin(undefined);
  }

  failures(): number {
    return this.#program.stdout.match(/^again$/gm)?.length ?? 0;
  }

  #begin(gate: string | undefined): Program {
    const program = this.#start(gate);
    this.#contest.meter.watch('host', program);
    program.line(/^whole$/, this.#contest.limit).then(
      () => this.#whole.resolve(),
      (error: unknown) => {
        const isKilled = program.ending?.signal === 'SIGKILL' && this.plan.churn !== undefined;
        if (!isKilled) this.#whole.reject(error);
      },
    );
    return program;
  }
}

/** How what does everything on a host is to begin. */
export interface RunnerStart {
  readonly host: FleetHost;
  /** The host's disk. */
  readonly folder: string;
  /** The gate that it waits at; undefined for a host that comes back. */
  readonly gate: string | undefined;
  /** Seconds that it waits behind the gate. */
  readonly delay: number;
}

/** Starts a program that does everything on each host, and resolves when all hosts wait at the gate. */
export async function startRunners(
  contest: Contest,
  name: string,
  command: (start: RunnerStart) => readonly string[],
): Promise<readonly Runner[]> {
  const { place, network } = contest;
  const runners: RestartingRunner[] = [];
  for (const host of network.hosts) {
    const folder = await place.newFolder(host.name);
    const start = (gate: string | undefined): Program => {
      const delay = gate === undefined ? 0 : host.plan.delay;
      return place.start(command({ host, folder, gate, delay }), {
        name: `${name} on ${host.name}`,
        host,
      });
    };
    runners.push(new RestartingRunner(contest, host.plan, start));
  }
  await Promise.all(runners.map((runner) => runner.arrived()));
  return runners;
}
