import type { Command } from 'commander';
import { addClientOptions } from '../client-options.ts';
import type { CommandContext } from '../command-context.ts';
import type { PullOptions } from '../pull/run-pull.ts';
import { UsageError } from '../usage-error.ts';
import { clientContext } from './client-context.ts';

/** Declares `docket pull`. */
export function addPull(program: Command, context: CommandContext): void {
  addClientOptions(program.command('pull'))
    .summary('pull an image over the swarm')
    .description(
      "Pulls an image over the swarm, through this host's agent where one runs, and loads it into the " +
        'local Docker engine. Prints NAME@DIGEST when it is there.',
    )
    .argument('[image]', 'IMAGE[:TAG|@DIGEST]; without either, latest')
    .option(
      '-o, --output <path>',
      'write a tar that every engine loads, or, for a folder or a path that ends in /, an OCI layout',
    )
    .option(
      '--platform <os/arch>',
      "of an image for several, the one for this platform (default: the host's)",
    )
    .option(
      '--agent <url>',
      'agent to pull through, or none (env DOCKET_AGENT; default: http://127.0.0.1:8010 if it runs)',
    )
    .option('--seed [time]', 'go on seeding that long, like 10m; without a time, until interrupted')
    .option('--rate <bytes/s>', 'limit of the link, each way, like 100MB/s')
    .option('--zone <name>', 'the zone (rack, data centre) of this host')
    .option(
      '--peers-from <network>',
      'a network that peers are in, like 10.0.0.0/8; may be given several times (default: all)',
      (network: string, before: readonly string[] | undefined) => [...(before ?? []), network],
    )
    .option('-q, --quiet', 'no progress')
    .action(async (argument: string | undefined, typed: PullOptions, command: Command) => {
      const { image, options } = imageAfterSeed(argument, typed);
      if (image === undefined)
        throw new UsageError('missing the image: expected docket pull IMAGE');
      const { runPull } = await import('../pull/run-pull.ts');
      await runPull(image, options, clientContext(program, command, context));
    });
}

/** `--seed` may stand right before the image, which then looks like its time. */
function imageAfterSeed(
  argument: string | undefined,
  options: PullOptions,
): { readonly image: string | undefined; readonly options: PullOptions } {
  const { seed } = options;
  if (argument !== undefined || typeof seed !== 'string') return { image: argument, options };
  return { image: seed, options: { ...options, seed: true } };
}
