import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTraceparent } from './traceparent.ts';

test('a traceparent counts when it is by the rules', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const header = `00-${trace}-b7ad6b7169203331-01`;
  assert.deepEqual(parseTraceparent(header), { traceId: trace, header });
  for (const bad of [
    undefined,
    '',
    [header, header],
    header.toUpperCase(),
    `ff${header.slice(2)}`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `${header}-x`,
    header.slice(1),
  ]) {
    assert.equal(parseTraceparent(bad), undefined, String(bad));
  }
});
