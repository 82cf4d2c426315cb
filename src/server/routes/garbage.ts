import { once } from 'node:events';
import { every, systemClock } from '../../base/clock.ts';
import { OciError } from '../../oci/oci-error.ts';
import { gcItemJson } from '../../registry/gc/gc-json.ts';
import { errorFields } from '../error-status.ts';
import type { Exchange } from '../exchange.ts';
import { readJsonBody, wrongBody } from '../json-body.ts';
import type { Handler } from '../services.ts';

/** Milliseconds between empty lines: whoever waits, and what stands between, sees that it goes on. */
const beat = 15_000;

/**
 * `POST /api/v1/gc`: collects garbage now. The body is JSON, `{"dryRun": true, "grace": <milliseconds>}`, both optional. The answer
 * is a line of JSON for each thing that goes, as it goes, and at last one of the kind `summary`, or `error`; empty lines
 * between say that it goes on. It ends with its client.
 */
export const collectGarbage: Handler = async (exchange, { registry, deletes, log }) => {
  const { response, signal } = exchange;
  const { dryRun, grace } = await readOptions(exchange);
  if (!deletes && !dryRun) {
    throw new OciError(
      'UNSUPPORTED',
      'nothing can be deleted over HTTP here: only a dry run can be asked for',
    );
  }
  const write = async (line: object): Promise<void> => {
    if (response.write(`${JSON.stringify(line)}\n`)) return;
    await once(response, 'drain', { signal });
  };
  // Only when the run has begun: until then a refusal has its own status.
  const begin = (): void => {
    if (response.headersSent) return;
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
  };
  const running = registry.garbage.run({
    dryRun,
    grace,
    signal,
    visit: async (item) => {
      begin();
      await write(gcItemJson(item));
    },
  });
  const stopBeating = every(systemClock, beat, () => {
    begin();
    response.write('\n');
  });
  try {
    const { counts, freedBytes, duration } = await running;
    begin();
    await write({ kind: 'summary', dryRun, counts, freedBytes, seconds: duration / 1000 });
  } catch (error) {
    if (!response.headersSent || signal.aborted) throw error;
    log.error(errorFields(error), 'a garbage collection broke off');
    await write({ kind: 'error', message: 'the garbage collection broke off; the log says why' });
  } finally {
    stopBeating();
  }
  response.end();
};

async function readOptions(exchange: Exchange): Promise<{
  readonly dryRun: boolean;
  readonly grace: number | undefined;
}> {
  const { dryRun = false, grace } = await readJsonBody(exchange, ['dryRun', 'grace']);
  if (typeof dryRun !== 'boolean') throw wrongBody('dryRun must be true or false');
  if (grace === undefined) return { dryRun, grace };
  if (typeof grace !== 'number' || !Number.isFinite(grace) || grace < 0) {
    throw wrongBody('grace must be a number of milliseconds, 0 or more');
  }
  return { dryRun, grace };
}
