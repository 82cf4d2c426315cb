import { once } from 'node:events';
import { every, systemClock } from '../../base/clock.ts';
import { isJsonObject } from '../../oci/descriptor.ts';
import { OciError } from '../../oci/oci-error.ts';
import { gcItemJson } from '../../registry/gc/gc-json.ts';
import { errorFields } from '../error-status.ts';
import type { Exchange } from '../exchange.ts';
import { readBody } from '../request-body.ts';
import { RequestError } from '../request-error.ts';
import type { Handler } from '../services.ts';

const largestBody = 64 * 1024;
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

async function readOptions({ request }: Exchange): Promise<{
  readonly dryRun: boolean;
  readonly grace: number | undefined;
}> {
  // Browsers send this type only to where they are allowed to.
  if (request.headers['content-type']?.split(';', 1)[0]?.trim() !== 'application/json') {
    throw new RequestError('the body must be JSON, with Content-Type application/json');
  }
  const value = parse(await readBody(request, largestBody));
  if (!isJsonObject(value)) throw invalid('it must be a JSON object');
  const { dryRun = false, grace, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(`it has "${unknown}", which means nothing here`);
  if (typeof dryRun !== 'boolean') throw invalid('dryRun must be true or false');
  if (grace === undefined) return { dryRun, grace };
  if (typeof grace !== 'number' || !Number.isFinite(grace) || grace < 0) {
    throw invalid('grace must be a number of milliseconds, 0 or more');
  }
  return { dryRun, grace };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function invalid(what: string): RequestError {
  return new RequestError(`the body is wrong: ${what}`);
}
