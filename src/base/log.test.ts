import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** What a log writes of such a field, whose name is `said`, or of these fields. */
async function written(said: string | object): Promise<string> {
  const code = `
    import { createLog } from ${JSON.stringify(import.meta.resolve('./log.ts'))};
    createLog('info').warn(JSON.parse(process.argv[1]), 'a peer said something');
  `;
  const { stderr } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    code,
    JSON.stringify(typeof said === 'string' ? { said } : said),
  ]);
  return stderr;
}

test('what strangers said stands in the log so that it can neither steer a terminal nor fake a line', async () => {
  const said = '\u001b[2J\u009b31m\u007f\n{"level":30}\u202eevil\u2066 zürich ✓';
  const line = await written(said);
  assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\u202e\u2066]/u);
  assert.equal(JSON.parse(line).said, said, 'it is still what was said');
  assert.match(line, /zürich ✓/);
});

test('secrets do not get into the log', async () => {
  const line = await written({
    token: 'hunter2',
    headers: { authorization: 'hunter2', accept: 'x' },
    error: 'GET http://user:hunter2@host/?token=hunter2 with Bearer hunter2hunter2 failed',
  });
  assert.doesNotMatch(line, /hunter2/);
  assert.equal(JSON.parse(line).headers.accept, 'x');
  assert.match(line, /GET http:\/\/\(hidden\)@host/);
});
