import { formatBytes, parseDuration } from '../../base/units.ts';
import { isDigest } from '../../oci/digest.ts';
import type { TypedClientOptions } from '../client-options.ts';
import type { ClientContext } from '../command-context.ts';
import { connect } from '../remote/connect.ts';
import { printable } from '../terminal/printable.ts';
import { shortDigest } from '../terminal/short-digest.ts';
import { timeAgo } from '../terminal/time-ago.ts';
import { UsageError } from '../usage-error.ts';
import { collectFolder } from './collect-folder.ts';
import { collectRegistry } from './collect-registry.ts';
import type { GoneItem, GoneSummary } from './gone.ts';

export interface CollectOptions {
  readonly dryRun?: true;
  readonly grace?: string;
  readonly json?: true;
  readonly config?: string;
}

/** What is asked of whoever collects. */
export interface CollectRequest {
  readonly dryRun: boolean;
  /** Milliseconds; undefined: as the registry is set. */
  readonly grace: number | undefined;
  readonly signal: AbortSignal;
  readonly onGone: (item: GoneItem) => void;
}

/** `docket gc`: removes what nobody needs any more, or says what that is. */
export async function runGc(
  options: CollectOptions,
  place: TypedClientOptions,
  context: ClientContext,
): Promise<void> {
  const { location } = place;
  if (location !== undefined && (place.host !== undefined || place.port !== undefined)) {
    throw new UsageError(
      'a folder (-l) and a registry (-h, -p) cannot both be collected: name one',
    );
  }
  if (options.config !== undefined && location === undefined) {
    throw new UsageError('--config counts only with a folder (-l): a running registry has its own');
  }
  const { json = false, dryRun = false } = options;
  const write = (text: string): void => void context.stdout.write(text);
  let count = 0;
  const now = Date.now();
  const request: CollectRequest = {
    dryRun,
    grace: options.grace === undefined ? undefined : parseDuration(options.grace),
    signal: context.signal,
    onGone: (item) => {
      if (json) write(`${count++ === 0 ? '' : ',\n'}  ${JSON.stringify(item)}`);
      else write(printable(`${sentence(item, now)}\n`));
    },
  };
  if (json) write('{"items": [\n');
  const summary =
    location === undefined
      ? await collectRunning(request, context)
      : await collectFolder(location, { ...request, config: options.config, env: context.env });
  write(json ? `\n], "summary": ${JSON.stringify(summary)}}\n` : `${inAll(summary, dryRun)}\n`);
}

async function collectRunning(
  request: CollectRequest,
  context: ClientContext,
): Promise<GoneSummary> {
  await using connection = connect(context, undefined);
  return await collectRegistry(connection, request);
}

function sentence(item: GoneItem, now: number): string {
  const { kind, repository = '', tag, digest = '', id = '', size = 0 } = item;
  const short = isDigest(digest) ? shortDigest(digest) : digest;
  const name = {
    tag: `${repository}:${tag}`,
    manifest: `${repository}@${short}`,
    blob: `${repository} ${short}, ${formatBytes(size)}`,
    upload: `${id}, ${formatBytes(size)}`,
    file: `${short}, ${formatBytes(size)}`,
    repository,
  }[kind];
  const since = item.since === undefined ? '' : ` ${timeAgo(Date.parse(item.since), now)}`;
  return `${kind} ${name}: ${reasonOf(item)}${since}`;
}

/** Why it goes; what is said of the time follows. */
function reasonOf({ kind, reason, rule, freed }: GoneItem): string {
  switch (reason) {
    case 'not-kept':
      return `not among those that retention rule ${rule} keeps, pushed`;
    case 'subject-gone':
      return 'what it is about is gone, pushed';
    case 'untagged':
      return 'no tag, last in use';
    case 'index-goes':
      return 'only in an index that goes, last in use';
    case 'subject-goes':
      return 'about a manifest that goes, last in use';
    case 'unreferenced':
      return `no manifest points to it${freed === false ? ' here, others keep it' : ''}, last in use`;
    case 'abandoned':
      return 'given up, last bytes came';
    case 'unknown':
      return 'of no repository, came';
    case 'empty':
      return 'holds nothing';
    default:
      return `${reason} (${kind})`;
  }
}

function inAll({ counts, freedBytes }: GoneSummary, dryRun: boolean): string {
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${count === 1 ? kind : pluralOf(kind)}`);
  const what = parts.length === 0 ? 'nothing' : parts.join(', ');
  return dryRun
    ? `Would remove ${what}; ${formatBytes(freedBytes)} would be free.`
    : `Removed ${what}; ${formatBytes(freedBytes)} are free.`;
}

function pluralOf(kind: string): string {
  return kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`;
}
