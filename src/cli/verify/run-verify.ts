import { formatBytes } from '../../base/units.ts';
import { parseRate } from '../../config/rate.ts';
import { isDigest } from '../../oci/digest.ts';
import { CliError } from '../cli-error.ts';
import type { TypedClientOptions } from '../client-options.ts';
import type { ClientContext } from '../command-context.ts';
import { connect } from '../remote/connect.ts';
import { createProgress } from '../terminal/create-progress.ts';
import { printable } from '../terminal/printable.ts';
import { formatTable } from '../terminal/table.ts';
import { UsageError } from '../usage-error.ts';
import type { VerificationReport } from './verification-report.ts';
import { verifyFolder } from './verify-folder.ts';
import { verifyRegistry, type VerifyRequest } from './verify-registry.ts';

export interface VerifyOptions {
  readonly config?: string;
  readonly repair?: true;
  readonly rate?: string;
  readonly json?: true;
  readonly quiet?: true;
}

/**
 * `docket verify`: reads again all that a registry holds. Throws CliError CONTENT_DAMAGED when something is wrong and was not
 * healed.
 */
export async function runVerify(
  options: VerifyOptions,
  place: TypedClientOptions,
  context: ClientContext,
): Promise<void> {
  const { location } = place;
  if (location !== undefined && (place.host !== undefined || place.port !== undefined)) {
    throw new UsageError('a folder (-l) and a registry (-h, -p) cannot both be verified: name one');
  }
  if (options.config !== undefined && location === undefined) {
    throw new UsageError('--config counts only with a folder (-l): a running registry has its own');
  }
  const progress = createProgress(context.stderr, context.env, options.quiet === true);
  const line = progress.line('Verifying');
  const request: VerifyRequest = {
    repair: options.repair === true,
    rate: parseRate(options.rate),
    signal: context.signal,
    onProgress: ({ blobs, bytes, badCount }) =>
      line.update({
        status: `${blobs.checked}/${blobs.total} blobs`,
        done: Math.min(bytes.checked, bytes.total),
        total: bytes.total,
        detail: badCount === 0 ? '' : `${badCount} bad`,
      }),
    note: (text) => progress.note(text),
  };
  let report: VerificationReport;
  try {
    report =
      location === undefined
        ? await verifyRunning(request, context)
        : await verifyFolder(location, { ...request, config: options.config, env: context.env });
    line.drop();
  } finally {
    progress.close();
  }
  context.stdout.write(
    options.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : printable(textOf(report)),
  );
  expectGood(report, location !== undefined);
}

async function verifyRunning(
  request: VerifyRequest,
  context: ClientContext,
): Promise<VerificationReport> {
  await using connection = connect(context, undefined);
  return await verifyRegistry(connection, request);
}

function textOf({
  blobs,
  bytes,
  manifests,
  bad,
  badCount,
  healedCount,
}: VerificationReport): string {
  const read =
    `${counted(blobs.checked, 'blob')} (${formatBytes(bytes.checked)}) and ` +
    counted(manifests.checked, 'manifest');
  if (badCount === 0) return `${read}: all good.\n`;
  const rows = bad.map(({ kind, digest, size, problem, repositories, healedFrom }) => [
    problem.toUpperCase(),
    kind,
    isDigest(digest) ? digest : '?',
    formatBytes(size),
    repositories.join(', '),
    healedFrom === null ? 'no' : `from ${healedFrom}`,
  ]);
  const table = formatTable(['PROBLEM', 'KIND', 'DIGEST', 'SIZE', 'REPOSITORIES', 'HEALED'], rows);
  const more = badCount > bad.length ? `… and ${badCount - bad.length} more\n` : '';
  return `${table}${more}${read}: ${badCount} bad, ${healedCount} of them healed.\n`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function expectGood(
  { state, error, badCount, healedCount, blobs, bad }: VerificationReport,
  isOffline: boolean,
): void {
  if (state === 'failed') {
    throw new CliError(
      'VERIFY_FAILED',
      `the verification failed: ${error ?? 'for no reason told'}`,
    );
  }
  if (state !== 'done') {
    throw new CliError('VERIFY_FAILED', 'the verification was ended before it was done');
  }
  const left = badCount - healedCount;
  if (left === 0) return;
  const isManifest = bad.some(({ kind }) => kind === 'manifest');
  const hint = isOffline
    ? 'Start the registry and run `docket verify --repair`: hosts that pulled them may have them. Or push their images again.'
    : 'Try --repair while hosts that pulled them run, or push their images again.';
  const what = isManifest ? 'blobs and manifests are' : left === 1 ? 'blob is' : 'blobs are';
  throw new CliError(
    'CONTENT_DAMAGED',
    `${left} ${what} damaged or missing (of ${blobs.checked} blobs)`,
    { hint },
  );
}
