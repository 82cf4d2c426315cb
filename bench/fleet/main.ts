/** What `npm run bench:fleet` runs: how close a fleet of real agents comes to the bound, on emulated links. */
import { tmpdir } from 'node:os';
import { messageOf } from '../../src/base/errors.ts';
import { readOptions } from '../../test/lab/read-options.ts';
import { Workplace } from '../../test/lab/workplace.ts';
import { parseOptions, usage } from './options.ts';
import { preflight, PreflightError } from './preflight.ts';
import { formatReport } from './report.ts';
import { makeRunFolder } from './run-folder.ts';
import { runFleet } from './run-fleet.ts';

/** Runs it, and gives the exit code. */
async function main(): Promise<number> {
  const options = readOptions({ command: 'npm run bench:fleet', usage, parseOptions });
  if (typeof options === 'number') return options;
  const { promise: interruption, resolve: interrupt } = Promise.withResolvers<'interrupted'>();
  // One Ctrl-C may come twice, from the terminal and from npm; nothing cuts the tidying up short.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupt('interrupted'));
  }
  const progress = options.json ? process.stderr : process.stdout;
  let place: Workplace | undefined;
  try {
    await preflight(options, tmpdir());
    place = new Workplace(await makeRunFolder());
    const running = runFleet(place, options, (text) => progress.write(text));
    const report = await Promise.race([running, interruption]);
    if (report === 'interrupted') {
      running.catch(() => {});
      return 130;
    }
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : formatReport(report));
    return report.contenders.every(({ hosts, finished }) => hosts === finished) ? 0 : 1;
  } catch (error) {
    const said = error instanceof PreflightError ? '' : 'The benchmark failed: ';
    process.stderr.write(`${said}${messageOf(error)}\n`);
    return 1;
  } finally {
    await place?.[Symbol.asyncDispose]();
  }
}

// What an interrupted run still waits for keeps nobody.
process.exit(await main());
