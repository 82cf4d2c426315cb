import { codeOf } from '../../base/errors.ts';
import { readVersion } from '../../base/version.ts';
import { CliError } from '../cli-error.ts';

/** Makes spans from now on. Throws CliError TRACING_UNAVAILABLE. */
export async function traceRole(): Promise<void> {
  const { startTracing } = await import('../../observe/open-telemetry.ts');
  try {
    await startTracing(await readVersion());
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new CliError('TRACING_UNAVAILABLE', 'there is no @opentelemetry/api to trace with', {
      hint: 'Install it beside docket, or leave --tracing out.',
      cause: error,
    });
  }
}
