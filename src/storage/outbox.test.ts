import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { sha256Of } from '../oci/digest.ts';
import { parseRepository, parseTag } from '../oci/reference.ts';
import type { CatalogChange, OutboxMessage } from './outbox.ts';
import { openSqliteCatalog } from './sql-catalog.ts';

const red = parseRepository('team/red');
const nothing = { blobs: [], manifests: [] };
const one = parseTag('one');
const two = parseTag('two');

function manifestNamed(name: string) {
  const bytes = Buffer.from(`{"name":"${name}"}`);
  return { digest: sha256Of(bytes), mediaType: 'x/y', bytes, subject: undefined, imageSize: 0 };
}

async function open(t: TestContext, targets: readonly string[] = ['a']) {
  const folder = await mkdtemp(join(tmpdir(), 'docket-outbox-'));
  const changes: CatalogChange[] = [];
  const state = { now: 1000, written: 0 };
  const listener = {
    messagesFor(change: CatalogChange): readonly OutboxMessage[] {
      changes.push(change);
      return targets.map((target) => ({ target, id: String(changes.length), body: change.kind }));
    },
    written: () => void state.written++,
  };
  const path = join(folder, 'catalog.db');
  const catalog = await openSqliteCatalog(path, () => state.now, undefined, listener);
  t.after(async () => {
    await catalog.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { catalog, changes, state };
}

suite('the outbox of a catalog', () => {
  test('gets a message with each change, and none with what did not happen', async (t) => {
    const { catalog, changes, state } = await open(t);
    const { manifests, garbage, outbox } = catalog;
    const manifest = manifestNamed('a');
    const needs = { blobs: [sha256Of(Buffer.from('lacking'))], manifests: [] };
    await manifests.put(red, manifest, [one], needs);
    await manifests.remove(red, manifest.digest);
    await manifests.removeTag(red, one);
    assert.deepEqual([changes, state.written], [[], 0]);

    const { digest, mediaType } = manifest;
    await manifests.put(red, manifest, [one, two], nothing);
    await manifests.removeTag(red, one);
    const tags = await garbage.tags(red, {});
    state.now = 2000;
    await garbage.removeTags(red, tags);
    await garbage.removeManifests(red, [digest], 3000);
    await manifests.put(red, manifest, [one], nothing);
    await manifests.remove(red, digest);
    const common = { repository: red, digest };
    const pushed = { ...common, kind: 'pushed', mediaType, size: manifest.bytes.length };
    assert.deepEqual(changes, [
      { ...pushed, tags: [one, two] },
      { ...common, kind: 'untagged', tags: [one], by: 'client' },
      { ...common, kind: 'untagged', tags: [two], by: 'collection' },
      { ...common, kind: 'deleted', mediaType, tags: [], by: 'collection' },
      { ...pushed, tags: [one] },
      { ...common, kind: 'deleted', mediaType, tags: [one], by: 'client' },
    ]);
    assert.equal(state.written, 6);
    const entries = await outbox.next('a', 100);
    assert.deepEqual(
      entries.map(({ id, writtenAt }) => [id, writtenAt]),
      [
        ['1', 1000],
        ['2', 1000],
        ['3', 2000],
        ['4', 2000],
        ['5', 2000],
        ['6', 2000],
      ],
    );
  });

  test('gives the oldest messages of a target, and forgets what was sent, too old, too many, or for nobody', async (t) => {
    const { catalog, state } = await open(t, ['a', 'b']);
    const { manifests, outbox } = catalog;
    for (let at = 1; at <= 5; at++) {
      state.now = at * 1000;
      await manifests.put(red, manifestNamed(String(at)), [], nothing);
    }
    const idsOf = async (target: string): Promise<string> =>
      (await outbox.next(target, 10)).map(({ id }) => id).join('');
    const [first, second] = await outbox.next('a', 2);
    assert.deepEqual([first?.id, second?.id], ['1', '2']);
    await outbox.remove([first?.number ?? 0]);
    await outbox.remove([]);
    assert.equal(await idsOf('a'), '2345');
    assert.deepEqual(await outbox.backlog('a'), { count: 4, oldest: 2000 });
    assert.equal(await outbox.trim('a', 10, 0), 0);
    assert.equal(await outbox.trim('a', 3, 0), 1);
    assert.equal(await outbox.trim('a', 3, 4000), 1);
    assert.equal(await idsOf('a'), '45');
    assert.equal(await idsOf('b'), '12345', 'another target keeps its own');
    assert.equal(await outbox.forgetOthers(['a']), 5);
    assert.equal(await idsOf('a'), '45');
    assert.equal(await outbox.forgetOthers([]), 2);
    assert.deepEqual(await outbox.backlog('a'), { count: 0, oldest: undefined });
  });
});
