import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { codeOf } from '../../base/errors.ts';
import { sha256Of, type Digest } from '../../oci/digest.ts';
import { blobsOf, manifestsOf, parseManifest } from '../../oci/manifest.ts';
import { parseRepository, parseTag, type Repository } from '../../oci/reference.ts';
import {
  AgingRegistry,
  grace,
  indexOf,
  longAfter,
  manifestDescriptor,
  named,
} from './gc-testing.ts';

const repositories = ['a', 'a/b', 'c'].map(parseRepository);
const tags = ['1', '2', 'v'].map(parseTag);
const blobs = ['one', 'two', 'three', 'four', 'five'].map((text) => Buffer.from(text));

const aRepository = fc.constantFrom(...repositories);
const aTag = fc.option(fc.constantFrom(...tags), { nil: undefined });
const someBlobs = fc.uniqueArray(fc.constantFrom(...blobs), { minLength: 1, maxLength: 3 });

/** What clients do at the same time; some of it needs a manifest that was pushed before: `of` chooses one. */
const aPush = fc.oneof(
  fc.record({ do: fc.constant('image'), in: aRepository, blobs: someBlobs, tag: aTag }),
  fc.record({ do: fc.constant('index'), in: aRepository, of: fc.nat(), tag: aTag }),
  fc.record({ do: fc.constant('artifact'), in: aRepository, of: fc.nat(), blobs: someBlobs }),
  fc.record({ do: fc.constant('mount'), in: aRepository, from: aRepository, blobs: someBlobs }),
  fc.record({ do: fc.constant('tag'), in: aRepository, of: fc.nat(), tag: aTag }),
);
const aRemoval = fc.oneof(
  fc.record({ do: fc.constant('untag'), in: aRepository, tag: fc.constantFrom(...tags) }),
  fc.record({ do: fc.constant('delete'), in: aRepository, of: fc.nat() }),
);
/** Pushes go together, and removals do: what a client deletes while another counts on it is not our fault. */
const aMoment = fc.record({
  acts: fc.oneof(
    fc.array(aPush, { maxLength: 4 }),
    fc.array(aPush, { maxLength: 4 }),
    fc.array(aRemoval, { maxLength: 2 }),
  ),
  collect: fc.boolean(),
  compare: fc.boolean(),
  /** How often each act lets others go on before it uses what it found. */
  waits: fc.array(fc.nat(8), { minLength: 4, maxLength: 4 }),
  age: fc.constantFrom(0, 1, grace / 2, grace, longAfter, longAfter),
});
type Act = { readonly [Key in keyof Any]?: Any[Key] } & {
  readonly do: string;
  readonly in: Repository;
};
interface Any {
  readonly blobs: readonly Buffer[];
  readonly of: number;
  readonly from: Repository;
  readonly tag: string | undefined;
}

/** Clients of a registry, and what they were promised. */
class Clients {
  readonly #it: AgingRegistry;
  /** Manifests that somebody pushed, by repository; the registry may have removed them since. */
  readonly #pushed = new Map<Repository, Uint8Array[]>(repositories.map((name) => [name, []]));
  /** What may not vanish before a time: `<repository> <digest>`. */
  readonly #promises = new Map<string, number>();
  /** What clients deleted, and did not push again. */
  readonly #deleted = new Set<string>();

  constructor(it: AgingRegistry) {
    this.#it = it;
  }

  /** `wait` lets others go on. */
  async act(act: Act, wait: () => Promise<void>): Promise<void> {
    const { in: repository, blobs: content = [], of = 0, from = repository, tag } = act;
    const { registry } = this.#it;
    const chosen = this.#chosen(repository, of);
    switch (act.do) {
      case 'image':
        await this.#push(repository, await this.#pushImage(repository, {}, content, wait), tag);
        return;
      case 'index':
        // Whoever makes an index looks first whether its manifests are there.
        if (chosen !== undefined && (await this.#has(repository, chosen))) {
          await wait();
          await this.#push(repository, indexOf(chosen), tag);
        }
        return;
      case 'artifact': {
        if (chosen === undefined || !(await this.#has(repository, chosen))) return;
        const subject = manifestDescriptor(chosen);
        const artifact = await this.#pushImage(repository, { subject }, content, wait);
        await this.#push(repository, artifact, undefined);
        return;
      }
      case 'mount':
        for (const bytes of content) {
          const digest = sha256Of(bytes);
          const isMounted = await registry.blobs.mount(repository, digest, from, () => true);
          if (isMounted) this.#promise(repository, digest);
        }
        return;
      case 'tag':
        if (chosen !== undefined && (await this.#has(repository, chosen))) {
          await wait();
          // It is there: only its tag is new.
          await this.#push(repository, chosen, tag);
        }
        return;
      case 'untag':
        await quietly(
          registry.manifests.remove(repository, { kind: 'tag', tag: parseTag(tag ?? '') }),
        );
        return;
      default:
        if (chosen === undefined) return;
        this.#promises.delete(`${repository} ${sha256Of(chosen)}`);
        await quietly(
          registry.manifests.remove(repository, { kind: 'digest', digest: sha256Of(chosen) }),
        );
    }
  }

  /** What is tagged is whole, and what was promised is there. */
  async expectKept(): Promise<void> {
    const { registry, now } = this.#it;
    const { catalog } = registry;
    for (const repository of repositories) {
      for (const tag of await catalog.manifests.tags(repository, {})) {
        const found = await catalog.manifests.find(repository, { kind: 'tag', tag });
        assert.ok(found, `${repository}:${tag}`);
        await this.#expectWhole(repository, found.digest);
      }
    }
    for (const [promise, until] of this.#promises) {
      if (now >= until) continue;
      const [name = '', digest = ''] = promise.split(' ');
      const repository = parseRepository(name);
      const blob = await catalog.blobs.find(repository, digest as Digest);
      if (blob !== undefined) {
        assert.equal(await registry.store.size(blob.digest), blob.size, promise);
      } else await this.#expectWhole(repository, digest as Digest);
    }
  }

  async #expectWhole(repository: Repository, digest: Digest): Promise<void> {
    const { catalog, store } = this.#it.registry;
    const found = await catalog.manifests.find(repository, { kind: 'digest', digest });
    assert.ok(found, `${repository} lost the manifest ${digest}`);
    const manifest = parseManifest(found.bytes, found.mediaType);
    for (const child of manifestsOf(manifest)) await this.#expectChild(repository, child.digest);
    for (const blob of blobsOf(manifest)) {
      assert.ok(await catalog.blobs.find(repository, blob.digest), `${repository} ${blob.digest}`);
      assert.equal(await store.size(blob.digest), blob.size);
    }
  }

  /** A client may delete a manifest from under its index. */
  async #expectChild(repository: Repository, digest: Digest): Promise<void> {
    if (this.#deleted.has(`${repository} ${digest}`)) return;
    await this.#expectWhole(repository, digest);
  }

  async #pushImage(
    repository: Repository,
    image: object,
    content: readonly Uint8Array[],
    wait: () => Promise<void>,
  ): Promise<Uint8Array> {
    const bytes = await this.#it.pushImage(repository, image, ...content);
    await wait();
    return bytes;
  }

  async #push(repository: Repository, bytes: Uint8Array, tag: string | undefined): Promise<void> {
    this.#pushed.get(repository)?.push(bytes);
    this.#promise(repository, await this.#it.put(repository, bytes, tag));
    this.#deleted.delete(`${repository} ${sha256Of(bytes)}`);
  }

  #promise(repository: Repository, digest: Digest): void {
    this.#promises.set(`${repository} ${digest}`, this.#it.now + grace);
  }

  #chosen(repository: Repository, of: number): Uint8Array | undefined {
    const all = this.#pushed.get(repository) ?? [];
    return all[of % Math.max(1, all.length)];
  }

  async #has(repository: Repository, bytes: Uint8Array): Promise<boolean> {
    const digest = sha256Of(bytes);
    const isThere = await quietly(
      this.#it.registry.manifests.get(repository, { kind: 'digest', digest }),
    );
    if (isThere) this.#promise(repository, digest);
    return isThere;
  }

  noteDeleted({ in: repository, of = 0 }: Act): void {
    const chosen = this.#chosen(repository, of);
    if (chosen !== undefined) this.#deleted.add(`${repository} ${sha256Of(chosen)}`);
  }
}

async function quietly(asking: Promise<unknown>): Promise<boolean> {
  try {
    await asking;
    return true;
  } catch (error) {
    if (codeOf(error) === 'MANIFEST_UNKNOWN') return false;
    throw error;
  }
}

test('whatever clients do while garbage is collected, what they count on stays, and all else goes at last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aMoment, { minLength: 1, maxLength: 12 }), async (moments) => {
      await using it = await AgingRegistry.open();
      const clients = new Clients(it);
      for (const { acts, collect, compare, waits, age } of moments) {
        const all = acts as readonly Act[];
        for (const act of all) if (act.do === 'delete') clients.noteDeleted(act);
        const collecting = collect ? it.collect() : undefined;
        const pushing = all.map((act, at) => clients.act(act, () => turns(waits[at] ?? 0)));
        await Promise.all([...pushing, collecting]);
        await clients.expectKept();
        it.age(age);
        if (compare) await expectDryRunIsRight(it);
        await clients.expectKept();
      }
      await expectNothingForgotten(it);
    }),
    { numRuns: 20, endOnFailure: true },
  );
});

async function expectDryRunIsRight(it: AgingRegistry): Promise<void> {
  const dry = await it.collect({ dryRun: true });
  const real = await it.collect();
  // That a repository will be empty is seen only when it is.
  const others = (items: typeof dry) => items.filter(({ kind }) => kind !== 'repository');
  assert.deepEqual(named(others(dry)), named(others(real)));
}

/** Lets others go on for some turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate();
}

/** Without tags and in time all goes, and nothing is left of it in the catalog or on the disk. */
async function expectNothingForgotten(it: AgingRegistry): Promise<void> {
  const { catalog, store, manifests } = it.registry;
  for (const repository of repositories) {
    for (const tag of await catalog.manifests.tags(repository, {})) {
      await manifests.remove(repository, { kind: 'tag', tag });
    }
  }
  it.age(longAfter);
  await it.collect();
  assert.deepEqual(await catalog.garbage.repositories({}), []);
  for (const repository of repositories) {
    assert.deepEqual(await catalog.garbage.manifests(repository, {}), []);
    for (const bytes of blobs) {
      assert.deepEqual(await catalog.garbage.pointersTo(repository, sha256Of(bytes), {}), []);
      assert.equal(await catalog.blobs.findAnywhere(sha256Of(bytes)), undefined);
    }
  }
  for await (const { digest } of store.list()) assert.fail(`${digest} is left`);
}
