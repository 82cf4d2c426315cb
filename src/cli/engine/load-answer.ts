import { isJsonObject } from '../../oci/descriptor.ts';
import { CliError } from '../cli-error.ts';

const longestLine = 1024 * 1024;

/**
 * Reads the lines of JSON that `POST /images/load` answers with. The engine answers HTTP 200 first and tells a failure in a
 * line, as `error`, or with containerd's store as a text: both throw CliError ENGINE_FAILED. So does an answer that
 * holds anything but lines of JSON.
 */
export async function readLoadAnswer(body: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) throw failed('its answer has a line without end');
    lines.forEach(readLine);
  }
  readLine(rest);
}

function readLine(line: string): void {
  if (line.trim() === '') return;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw failed(`it answered ${JSON.stringify(line.slice(0, 200))}`);
  }
  if (!isJsonObject(value)) return;
  const { error, errorDetail, stream } = value;
  const detail = isJsonObject(errorDetail) ? errorDetail['message'] : undefined;
  for (const said of [error, detail]) {
    if (said === undefined || said === null) continue;
    throw failed(typeof said === 'string' ? said : JSON.stringify(said));
  }
  if (typeof stream === 'string' && /^error\b/i.test(stream.trim())) throw failed(stream.trim());
}

function failed(reason: string): CliError {
  return new CliError('ENGINE_FAILED', `the container engine did not load the image: ${reason}`);
}
