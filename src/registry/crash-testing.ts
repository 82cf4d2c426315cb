import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { codeOf } from '../base/errors.ts';
import { sha256Of, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseTag, type Repository, type Tag } from '../oci/reference.ts';
import { bodyOf, imageManifest, other, pushBlob, team } from './registry-testing.ts';
import type { Registry } from './registry.ts';
import { defaultUploadLimits, type UploadStatus } from './uploads.ts';

/** For tests: what clients were told by a registry. */
export interface Told {
  /** `<repository> <digest>` of each blob. */
  readonly blobs: ReadonlySet<string>;
  readonly manifests: ReadonlySet<Digest>;
  readonly tags: ReadonlyMap<Tag, Digest>;
  readonly upload: UploadStatus | undefined;
}

export const toldNothing: Told = {
  blobs: new Set(),
  manifests: new Set(),
  tags: new Map(),
  upload: undefined,
};

/** One request, and what its client knows when it was answered. */
interface Act {
  readonly name: string;
  run(registry: Registry, told: Told): Promise<UploadStatus | undefined>;
  after(told: Told): Partial<Told>;
}

const config = bytesOf('config', 100);
const layer = bytesOf('layer', 90_000);
const newer = bytesOf('newer', 50_000);
const first = imageManifest(config, layer);
const second = imageManifest(config, newer);
const latest = parseTag('latest');
const v2 = parseTag('v2');

/** A life in which each kind of change happens once at least. */
const acts: readonly Act[] = [
  {
    name: 'begin an upload',
    run: (registry) => registry.uploads.start(team),
    after: () => ({}),
  },
  append(0, 40_000),
  append(40_000, 70_000),
  {
    name: 'finish the upload',
    async run(registry, { upload }) {
      const last = bodyOf(layer.subarray(70_000));
      await registry.uploads.finish(team, upload?.id ?? '', sha256Of(layer), last);
      return undefined;
    },
    after: ({ blobs }) => ({ upload: undefined, blobs: plus(blobs, link(team, layer)) }),
  },
  push(config),
  put(first, latest),
  {
    name: 'mount a blob',
    async run(registry) {
      assert.equal(await registry.blobs.mount(other, sha256Of(layer), team, () => true), true);
      return undefined;
    },
    after: ({ blobs }) => ({ blobs: plus(blobs, link(other, layer)) }),
  },
  push(newer),
  put(second, latest),
  put(second, v2),
  {
    name: 'delete a tag',
    async run(registry) {
      await registry.manifests.remove(team, { kind: 'tag', tag: latest });
      return undefined;
    },
    after: ({ tags }) => ({ tags: new Map([...tags].filter(([tag]) => tag !== latest)) }),
  },
  {
    name: 'delete a manifest',
    async run(registry) {
      await registry.manifests.remove(team, { kind: 'digest', digest: sha256Of(first) });
      return undefined;
    },
    after: ({ manifests }) => ({ manifests: minus(manifests, sha256Of(first)) }),
  },
  unlink(team),
  unlink(other),
];

/**
 * Lives it all, up to the request that fails. `onTold` hears of each answer; the last one, with the number of requests that
 * were answered and the error of the next, is the result.
 */
export async function live(
  registry: Registry,
  onTold: (done: number, told: Told) => void = () => {},
): Promise<{ readonly done: number; readonly told: Told; readonly error: unknown }> {
  let told = toldNothing;
  for (const [done, act] of acts.entries()) {
    try {
      const upload = await act.run(registry, told);
      told = { ...told, ...act.after(told), upload };
    } catch (error) {
      return { done, told, error };
    }
    onTold(done + 1, told);
  }
  return { done: acts.length, told, error: undefined };
}

export const actCount = acts.length;

/** What was told after so many answers, the last of which may have told of an upload. */
export function toldAfter(done: number, upload: UploadStatus | undefined): Told {
  let told = toldNothing;
  for (const act of acts.slice(0, done)) told = { ...told, ...act.after(told) };
  return { ...told, upload };
}

/**
 * Fails unless the registry holds what was told, whole, and nothing else, but for what the next request would change: it was
 * not answered, so it may have happened or not.
 */
export async function expectTold(registry: Registry, done: number, told: Told): Promise<void> {
  const next = { ...told, ...acts[done]?.after(told) };
  for (const repository of [team, other]) {
    for (const bytes of [config, layer, newer]) {
      const name = link(repository, bytes);
      const found = await bytesIn(registry, repository, sha256Of(bytes));
      if (found !== undefined) assert.ok(found.equals(bytes), `${name} has other bytes`);
      expectOneOf(name, found !== undefined, told.blobs.has(name), next.blobs.has(name));
    }
  }
  for (const bytes of [first, second]) {
    const digest = sha256Of(bytes);
    const found = await registry.catalog.manifests.find(team, { kind: 'digest', digest });
    if (found !== undefined)
      assert.ok(Buffer.from(bytes).equals(found.bytes), `${digest} has other bytes`);
    const [is, was, will] = [found !== undefined, told.manifests.has(digest), next.manifests];
    expectOneOf(digest, is, was, will.has(digest));
  }
  for (const tag of [latest, v2]) {
    const found = await registry.catalog.manifests.find(team, { kind: 'tag', tag });
    expectOneOf(tag, found?.digest, told.tags.get(tag), next.tags.get(tag));
  }
  if (told.upload !== undefined && next.upload !== undefined) {
    await expectUpload(registry, told.upload);
  }
}

/** Fails unless an upload has the bytes that were told, and can be gone on with. */
async function expectUpload(registry: Registry, told: UploadStatus): Promise<void> {
  const { size } = await registry.uploads.status(team, told.id);
  assert.ok(size >= told.size, `of ${told.size} bytes of an upload ${size} are left`);
  const rest = bodyOf(layer.subarray(size));
  await registry.uploads.finish(team, told.id, sha256Of(layer), rest);
}

/** Sweeps, and fails when files of blobs or uploads are left that nobody can ever ask for or end. */
export async function expectNoLeftovers(registry: Registry): Promise<void> {
  await registry.uploads.sweep(Date.now() + 2 * defaultUploadLimits.abandonedAfter);
  await registry.blobs.sweep();
  assert.equal((await registry.catalog.uploads.list()).length, 0, 'an upload is left');
  for await (const { digest } of registry.store.list()) {
    assert.ok(await registry.catalog.blobs.findAnywhere(digest), `${digest} is nobody's`);
  }
  for await (const { id } of registry.store.uploads()) assert.fail(`the upload ${id} is nobody's`);
}

function expectOneOf<T>(name: string, found: T, was: T, will: T): void {
  assert.ok(
    found === was || found === will,
    `${name}: ${String(found)}, but told was ${String(was)}`,
  );
}

function append(start: number, end: number): Act {
  return {
    name: `append up to ${end}`,
    run: async (registry, { upload }) =>
      await registry.uploads.append(team, upload?.id ?? '', bodyOf(layer.subarray(start, end))),
    after: () => ({}),
  };
}

function push(bytes: Uint8Array): Act {
  return {
    name: `push ${bytes.length} bytes`,
    async run(registry) {
      await pushBlob(registry, team, bytes);
      await registry.seeding.torrents.get(sha256Of(bytes));
      return undefined;
    },
    after: ({ blobs }) => ({ blobs: plus(blobs, link(team, bytes)) }),
  };
}

function unlink(repository: Repository): Act {
  return {
    name: `delete a blob of ${repository}`,
    async run(registry) {
      await registry.blobs.unlink(repository, sha256Of(layer));
      return undefined;
    },
    after: ({ blobs }) => ({ blobs: minus(blobs, link(repository, layer)) }),
  };
}

function put(bytes: Uint8Array, tag: Tag): Act {
  return {
    name: `put a manifest as ${tag}`,
    async run(registry) {
      await registry.manifests.put(team, {
        reference: { kind: 'tag', tag },
        bytes,
        contentType: mediaTypes.ociManifest,
        tags: [],
      });
      return undefined;
    },
    after: ({ manifests, tags }) => ({
      manifests: plus(manifests, sha256Of(bytes)),
      tags: new Map([...tags, [tag, sha256Of(bytes)]]),
    }),
  };
}

function link(repository: Repository, bytes: Uint8Array): string {
  return `${repository} ${sha256Of(bytes)}`;
}

function plus<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  return new Set([...set, item]);
}

function minus<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  return new Set([...set].filter((one) => one !== item));
}

/** The same bytes in each process. */
function bytesOf(name: string, length: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at * 32 < length; at++) {
    parts.push(createHash('sha256').update(`${name} ${at}`).digest());
  }
  return Buffer.concat(parts).subarray(0, length);
}

async function bytesIn(
  registry: Registry,
  repository: Repository,
  digest: Digest,
): Promise<Buffer | undefined> {
  try {
    await using blob = await registry.blobs.open(repository, digest);
    const parts: Uint8Array[] = [];
    for await (const part of blob.read(0, blob.size)) parts.push(part);
    return Buffer.concat(parts);
  } catch (error) {
    if (codeOf(error) === 'BLOB_UNKNOWN') return undefined;
    throw error;
  }
}
