import { setTimeout as delay } from 'node:timers/promises';
import { readBody } from '../remote/http-answer.ts';
import type { RegistryConnection } from '../remote/registry-connection.ts';
import { parseVerificationReport, type VerificationReport } from './verification-report.ts';

const path = '/api/v1/verify';
const largestReport = 16 * 1024 * 1024;
const pollEvery = 500;
/** Milliseconds for a registry to end a verification that nobody waits for any more. */
const patience = 3000;

export interface VerifyRequest {
  readonly repair: boolean;
  /** Bytes a second. */
  readonly rate: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (report: VerificationReport) => void;
  readonly note: (text: string) => void;
}

/**
 * Has a registry verify all that it holds, and follows that to its end; one that runs already is followed instead. When the
 * signal aborts, what was begun is ended. Throws CliError and the signal's reason.
 */
export async function verifyRegistry(
  connection: RegistryConnection,
  request: VerifyRequest,
): Promise<VerificationReport> {
  const { repair, rate, signal, onProgress, note } = request;
  const answer = await connection.send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ repair, ...(rate === undefined ? {} : { rate }) }),
    signal,
  });
  if (answer.statusCode !== 202 && answer.statusCode !== 409)
    throw await connection.refusal(answer);
  const isOurs = answer.statusCode === 202;
  if (!isOurs) note('A verification runs already: following that one.');
  let report = parseVerificationReport(await readBody(answer.body, largestReport));
  try {
    while (report.state === 'running') {
      onProgress(report);
      await delay(pollEvery, undefined, { signal });
      const next = await connection.send(path, { method: 'GET', signal });
      if (next.statusCode !== 200) throw await connection.refusal(next);
      report = parseVerificationReport(await readBody(next.body, largestReport));
    }
    return report;
  } catch (error) {
    if (signal.aborted && isOurs) await cancel(connection);
    signal.throwIfAborted();
    throw error;
  }
}

async function cancel(connection: RegistryConnection): Promise<void> {
  const limit = { method: 'DELETE', signal: AbortSignal.timeout(patience) } as const;
  await connection.send(path, limit).then(
    (answer) => answer.body.dump(),
    () => {},
  );
}
