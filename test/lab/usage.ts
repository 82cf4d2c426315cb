import { readdirSync, readFileSync } from 'node:fs';

/** What a process has used since its start. */
export interface Usage {
  /** Processor seconds of all its threads, and of children that have ended. */
  readonly cpuSeconds: number;
  /** The most memory that it ever had at a time, and what it has now, in bytes. */
  readonly peakRss: number;
  readonly rss: number;
}

/** The kernel counts processor time in hundredths of a second, on every architecture (`getconf CLK_TCK`). */
const ticksPerSecond = 100;

/** Reads the usage of a process that still runs. Linux only. */
export function usageOf(pid: number): Usage {
  // The program's name, in parentheses, may hold anything.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return {
    cpuSeconds: ticks / ticksPerSecond,
    peakRss: kilobytes('VmHWM') * 1024,
    rss: kilobytes('VmRSS') * 1024,
  };
}

/** How many files, sockets and the like a process has open. */
export function handlesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
