import { readlinkSync } from 'node:fs';
import { eventually } from './eventually.ts';
import type { Workplace } from './workplace.ts';

/** A network namespace. */
export interface Namespace {
  /** The process that keeps it, by which `ip` finds it. */
  readonly pid: number;
  /** What stands before a command to run it inside. */
  readonly enter: readonly string[];
}

/**
 * A nameless network namespace, which lives as long as a process in it does: it cannot meet another's, and nothing is left
 * behind even when this process is killed. Needs root.
 */
export async function openNamespace(place: Workplace, name: string): Promise<Namespace> {
  const holder = place.start(['unshare', '--net', '--', 'sleep', 'infinity'], {
    name: `namespace of ${name}`,
  });
  const path = `/proc/${holder.pid}/ns/net`;
  const ours = readlinkSync('/proc/self/ns/net');
  await eventually(`a namespace for ${name}`, () => readlinkSync(path) !== ours, {
    every: 5,
    details: () => holder.report(),
  });
  return { pid: holder.pid, enter: ['nsenter', `--net=${path}`, '--'] };
}
