import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedSync } from './shared-sync.ts';

function heldSyncs() {
  const begun: PromiseWithResolvers<void>[] = [];
  const shared = new SharedSync(() => {
    const held = Promise.withResolvers<void>();
    begun.push(held);
    return held.promise;
  });
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { shared, begun, turns };
}

test('whoever comes while a sync runs waits for the next one, and shares it', async () => {
  const { shared, begun, turns } = heldSyncs();
  const ended: string[] = [];
  const wait = (name: string) => shared.wait().then(() => ended.push(name));
  const all = [wait('a'), wait('b'), wait('c')];
  await turns();
  assert.equal(begun.length, 1);
  begun[0]?.resolve();
  await turns();
  assert.deepEqual(ended, ['a']);
  assert.equal(begun.length, 2);
  all.push(wait('d'));
  begun[1]?.resolve();
  await turns();
  assert.deepEqual(ended, ['a', 'b', 'c']);
  assert.equal(begun.length, 3);
  begun[2]?.resolve();
  await Promise.all(all);
  assert.equal(begun.length, 3);
  all.push(wait('e'));
  await turns();
  begun[3]?.resolve();
  await Promise.all(all);
  assert.equal(begun.length, 4);
});

test('after a sync that failed nothing counts as durable any more', async () => {
  const { shared, begun, turns } = heldSyncs();
  const waits = [shared.wait(), shared.wait()];
  await turns();
  begun[0]?.reject(new Error('the disk is gone'));
  for (const wait of waits) await assert.rejects(wait, /the disk is gone/);
  await assert.rejects(shared.wait(), /the disk is gone/);
  assert.equal(begun.length, 1);
});
