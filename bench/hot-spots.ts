/**
 * Where the time of many processes goes: node bench/hot-spots.ts FOLDER [beginning of the file names] [lines 30]. Adds up
 * the CPU profiles of a folder and prints the functions with the most time of their own, and with the most time of
 * their own and of all that they call, in percent of the time in which a process was not idle. On a machine with too
 * few cores that includes waiting for one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTable } from '../src/cli/terminal/table.ts';

/** A CPU profile as V8 writes it; times in microseconds. */
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}

const [folder = '.', beginning = '', lines = '30'] = process.argv.slice(2);
const own = new Map<string, number>();
const withCalled = new Map<string, number>();
let all = 0;
let idle = 0;

for (const name of readdirSync(folder)) {
  if (!name.startsWith(beginning) || !name.endsWith('.cpuprofile')) continue;
  addProfile(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile);
}
const seconds = (microseconds: number): string => `${(microseconds / 1e6).toFixed(1)} s`;
process.stdout.write(`${seconds(all)} not idle, ${seconds(idle)} idle\n\n`);
process.stdout.write(`${tableOf(own, 'OWN')}\n${tableOf(withCalled, 'WITH CALLED')}`);

function addProfile(profile: Profile): void {
  const stacks = stacksOf(profile.nodes);
  for (const [index, id] of profile.samples.entries()) {
    const time = Math.max(0, profile.timeDeltas[index] ?? 0);
    const [top = '', ...callers] = stacks.get(id) ?? [];
    if (top.startsWith('(idle)')) {
      idle += time;
      continue;
    }
    all += time;
    own.set(top, (own.get(top) ?? 0) + time);
    for (const name of new Set([top, ...callers])) {
      withCalled.set(name, (withCalled.get(name) ?? 0) + time);
    }
  }
}

/** For each node the names of its function and of those that called it, the innermost first. */
function stacksOf(nodes: readonly ProfileNode[]): Map<number, readonly string[]> {
  const stacks = new Map<number, readonly string[]>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const visit = (node: ProfileNode, callers: readonly string[]): void => {
    const stack = [nameOf(node), ...callers];
    stacks.set(node.id, stack);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) visit(child, stack);
    }
  };
  const [root] = nodes;
  if (root !== undefined) visit(root, []);
  return stacks;
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file = url.replace(/^.*\/(?=src\/|node_modules\/)/, '');
  return `${functionName || '(nameless)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
}

function tableOf(times: ReadonlyMap<string, number>, head: string): string {
  const rows = [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, Number(lines))
    .map(([name, time]) => [`${((100 * time) / all).toFixed(1)} %`, name]);
  return formatTable([head, 'FUNCTION'], rows);
}
