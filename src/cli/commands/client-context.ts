import type { Command } from 'commander';
import { resolveClientOptions, type TypedClientOptions } from '../client-options.ts';
import type { ClientContext, CommandContext } from '../command-context.ts';

/** What the client verb `command` is given: its own options count before those in front of it. Throws UsageError. */
export function clientContext(
  program: Command,
  command: Command,
  context: CommandContext,
): ClientContext {
  const before = program.opts<TypedClientOptions>();
  const client = resolveClientOptions(before, command.opts<TypedClientOptions>(), context.env);
  return { ...context, client };
}
