import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { eventually } from '../lab/eventually.ts';
import { Lab } from '../lab/lab.ts';
import { pull, pushBlob } from '../lab/oci-client.ts';
import { writeRandomFile } from '../lab/random-file.ts';

test('an agent that is killed in the middle fetches only the rest, and the others finish', async (t) => {
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab);
  const blob = await writeRandomFile(join(lab.folder, 'blob'), 10_000_000);
  const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
  const start = (name: string) =>
    startAgent(lab, { name, registry: registry.url, rate: 1_500_000 });
  const [one, two, three] = await Promise.all([start('one'), start('two'), start('three')]);

  const others = Promise.all([two, three].map((agent) => pull(agent.url, pushed, '1')));
  const cut = pull(one.url, pushed, '1');
  const broken = assert.rejects(cut, 'the body of a killed agent must not look whole');
  const before = await eventually(
    'about half of the blob on the first host',
    async () => {
      const download = await one.download(blob.digest);
      return download !== undefined && download.verified > blob.size * 0.4 && download;
    },
    { every: 10 },
  );
  await one.program.kill();
  await broken;
  assert.ok(before.verified < blob.size * 0.95, 'it was killed too late to prove anything');

  const again = await startAgent(lab, {
    name: 'one again',
    registry: registry.url,
    location: one.location,
  });
  assert.equal((await pull(again.url, pushed, '1')).digest, blob.digest);
  const after = await eventually('the download to be complete', async () => {
    const download = await again.download(blob.digest);
    return download?.state === 'complete' && download;
  });
  const fetched = after.bytesFromPeers + after.bytesFromRegistry;
  t.diagnostic(`had ${before.verified}, resumed ${after.resumed}, then fetched ${fetched}`);
  assert.ok(
    after.resumed >= before.verified,
    `it had verified ${before.verified} bytes, but resumed only ${after.resumed}`,
  );
  // A few blocks may be asked for twice at the very end.
  assert.ok(
    fetched <= (blob.size - after.resumed) * 1.05 + 65_536,
    `it lacked ${blob.size - after.resumed} bytes, but fetched ${fetched}`,
  );
  for (const body of await others) assert.equal(body.digest, blob.digest);
});
