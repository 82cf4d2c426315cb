import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { startAgent, startRegistry } from '../lab/docket.ts';
import { Lab } from '../lab/lab.ts';
import { getBlob, getManifest, pull, pushBlob } from '../lab/oci-client.ts';
import { writeRandomFile } from '../lab/random-file.ts';

test('five clients that pull one blob from one agent cause one download', async (t) => {
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab);
  const blob = await writeRandomFile(join(lab.folder, 'blob'), 6_000_000);
  const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
  // The same bytes under a second name are the same torrent, and the same download.
  const other = await pushBlob(registry.url, 'other/name', '1', blob);
  const agent = await startAgent(lab, { registry: registry.url, rate: 6_000_000 });
  const before = await registry.sent();
  const bodies = await Promise.all(
    [pushed, pushed, pushed, other, other].map((image) => pull(agent.url, image, '1')),
  );
  for (const body of bodies) assert.equal(body.digest, blob.digest);
  const sent = (await registry.sent()).total - before.total;
  assert.ok(sent >= blob.size, `the registry sent ${sent} bytes, less than the blob`);
  assert.ok(sent <= blob.size * 1.05, `the registry sent ${sent} bytes for ${blob.size}`);
  const downloads = await agent.downloads();
  assert.equal(downloads.filter(({ digest }) => digest === blob.digest).length, 1);
});

test('a client that cuts its connection stops neither the agent nor the download', async (t) => {
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab);
  const blob = await writeRandomFile(join(lab.folder, 'blob'), 6_000_000);
  const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
  const agent = await startAgent(lab, { registry: registry.url, rate: 3_000_000 });
  await getManifest(agent.url, 'team/app', '1');
  await assert.rejects(
    getBlob(agent.url, 'team/app', blob.digest, AbortSignal.timeout(400)),
    'the blob came so fast that nothing was cut',
  );
  assert.equal((await pull(agent.url, pushed, '1')).digest, blob.digest);
  const { total } = await registry.sent();
  assert.ok(total <= blob.size * 1.1, `the registry sent ${total} bytes for ${blob.size}`);
});

test('a client that cuts a pull or a push does not stop the registry', async (t) => {
  const lab = await Lab.open(t);
  const registry = await startRegistry(lab, { rate: 3_000_000 });
  const blob = await writeRandomFile(join(lab.folder, 'blob'), 3_000_000);
  const pushed = await pushBlob(registry.url, 'team/app', '1', blob);
  await assert.rejects(getBlob(registry.url, 'team/app', blob.digest, AbortSignal.timeout(200)));

  const begun = await fetch(`${registry.url}/v2/team/app/blobs/uploads/`, { method: 'POST' });
  const location = new URL(begun.headers.get('location') ?? '', registry.url);
  const stuck = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(100_000)),
  });
  const cutUpload = fetch(location, {
    method: 'PATCH',
    body: stuck,
    duplex: 'half',
    signal: AbortSignal.timeout(300),
  });
  await assert.rejects(cutUpload);

  const second = await writeRandomFile(join(lab.folder, 'second'), 500_000);
  await pushBlob(registry.url, 'team/app', '2', second);
  assert.equal((await pull(registry.url, pushed, '1')).digest, blob.digest);
});
