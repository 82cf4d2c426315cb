/** What `npm run bench:fleet` runs: how close a fleet of real agents comes to the bound, on emulated links. */
import { tmpdir } from 'node:os';
import { DocketError, messageOf } from '../../src/base/errors.ts';
import { Workplace } from '../../test/lab/workplace.ts';
import { parseOptions, usage, type FleetOptions } from './options.ts';
import { preflight, PreflightError } from './preflight.ts';
import { formatReport } from './report.ts';
import { makeRunFolder } from './run-folder.ts';
import { runFleet } from './run-fleet.ts';

/** Runs it, and gives the exit code. */
async function main(): Promise<number> {
  const options = readOptions();
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

/** The options, or the exit code where there is nothing to run. */
function readOptions(): FleetOptions | number {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (!options.help) return options;
    process.stdout.write(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof DocketError)) throw error;
    process.stderr.write(`${error.message}\nnpm run bench:fleet -- --help tells what there is.\n`);
    return 2;
  }
}

// What an interrupted run still waits for keeps nobody.
process.exit(await main());
