/** One thing that is measured over and over. */
export interface Micro {
  readonly name: string;
  /** Amount that one call of `run` works through, in units of `unit`. */
  readonly amount: number;
  /** `MB` is of 10^6 bytes. */
  readonly unit: string;
  run(): void;
}

export interface MicroResult {
  readonly name: string;
  /** Units a second of processor time, in the best round: other programs only ever make it slower. */
  readonly perSecond: number;
  readonly unit: string;
}

const rounds = 5;

/** Calls `run` for a fifth of `seconds` in each of five rounds, after as long a time to warm up. */
export function measure(micro: Micro, seconds: number): MicroResult {
  const roundSeconds = seconds / rounds;
  const warm = repeat(micro, roundSeconds);
  let best = 0;
  for (let round = 0; round < rounds; round++)
    best = Math.max(best, repeat(micro, roundSeconds, warm));
  return { name: micro.name, perSecond: best * micro.amount, unit: micro.unit };
}

/** Calls a second over at least `seconds`; `about` is how many are expected, so that the clock is not read each time. */
function repeat(micro: Micro, seconds: number, about = 0): number {
  const chunk = Math.max(1, Math.floor((about * seconds) / 10));
  const began = cpuSeconds();
  let calls = 0;
  let took: number;
  do {
    for (let call = 0; call < chunk; call++) micro.run();
    calls += chunk;
    took = cpuSeconds() - began;
  } while (took < seconds);
  return calls / took;
}

function cpuSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}
