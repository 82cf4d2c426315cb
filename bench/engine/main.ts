/** How fast one peer gets a blob from another: `npm run bench:engine -- --help`. */
import { formatBytes } from '../../src/base/units.ts';
import type { Workplace } from '../../test/lab/workplace.ts';
import { runBench } from '../run-bench.ts';
import { aria2 } from './aria2.ts';
import { makeBlob } from './blob.ts';
import type { Contender } from './contender.ts';
import { docket } from './docket.ts';
import { libtorrent } from './libtorrent.ts';
import { measure, type Result } from './measure.ts';
import { parseOptions, usage, type EngineOptions } from './options.ts';

const others = { libtorrent, aria2 };

await runBench({ name: 'engine', usage, parseOptions, run });

async function run(
  options: EngineOptions,
  place: Workplace,
  say: (line: string) => void,
): Promise<object> {
  const contenders = contendersOf(options);
  const results = new Map<string, Result[]>();
  const blob = await makeBlob(await place.newFolder('blob'), options.size);
  const { pieceCount, pieceLength } = blob.metainfo;
  say(`${formatBytes(options.size)} in ${pieceCount} pieces of ${pieceLength / 1024} KiB\n`);
  say(row('', 'MB/s', 'durable', 'CPU s/GB to', 'from', 'RSS MB to', 'from'));
  for (let round = 0; round < options.runs; round++) {
    for (const contender of contenders) {
      const result = await measure(contender, place, blob);
      results.set(result.name, [...(results.get(result.name) ?? []), result]);
      say(rowOf(result));
    }
  }
  const medians = [...results.values()].map(medianOf);
  if (options.runs > 1) for (const result of medians) say(`median ${rowOf(result)}`);
  return { results: medians };
}

function contendersOf(options: EngineOptions): readonly Contender[] {
  const own = docket({ cpuProfile: options.cpuProfile, isOrigin: options.origin });
  const named = options.against?.map((name) => others[name]);
  for (const other of named ?? []) {
    const reason = other.missing();
    if (reason !== undefined) throw new Error(`${other.name} cannot take part: ${reason}`);
  }
  return [
    own,
    ...(named ?? Object.values(others).filter((other) => other.missing() === undefined)),
  ];
}

/** The round whose speed is in the middle. */
function medianOf(rounds: readonly Result[]): Result {
  const sorted = rounds.toSorted((a, b) => a.megabytesPerSecond - b.megabytesPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('there was no round');
  return middle;
}

function rowOf(result: Result): string {
  const { name, ...figures } = result;
  return row(name, ...Object.values(figures).map(String));
}

function row(name: string, ...cells: readonly string[]): string {
  return name.padEnd(12) + cells.map((cell) => cell.padStart(13)).join('');
}
