import { cpus } from 'node:os';

/** Milliseconds that all cores of this machine were busy, and were there, so far. */
export function machineTime(): { readonly busy: number; readonly all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const total = times.user + times.nice + times.sys + times.idle + times.irq;
    all += total;
    busy += total - times.idle;
  }
  return { busy, all };
}
