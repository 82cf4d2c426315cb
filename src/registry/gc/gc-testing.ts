import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../base/log.ts';
import { sha256Of, type Digest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { manifestReference, type Repository } from '../../oci/reference.ts';
import { DiskBlobStore } from '../../storage/disk-blob-store.ts';
import { openSqliteCatalog } from '../../storage/sql-catalog.ts';
import { imageDocument, pushBlob } from '../registry-testing.ts';
import { Registry } from '../registry.ts';
import type { GcOptions } from './garbage-collector.ts';
import type { GcItem, GcObserver } from './gc-report.ts';
import type { RetentionRule } from './retention-rules.ts';

/** The grace of registries in tests, in milliseconds. */
export const grace = 1000;
/** After so long nothing counts as in use any more: the grace, and the time that a use may be older than it seems. */
export const longAfter = 2 * grace;

/** A real registry in a temporary folder, whose time moves only when it is told to; for tests. */
export class AgingRegistry implements AsyncDisposable {
  readonly registry: Registry;
  readonly folder: string;
  readonly #time: { now: number };

  private constructor(registry: Registry, folder: string, time: { now: number }) {
    this.registry = registry;
    this.folder = folder;
    this.#time = time;
  }

  static async open(
    rules: readonly RetentionRule[] = [],
    gcObserver?: GcObserver,
  ): Promise<AgingRegistry> {
    const folder = await mkdtemp(join(tmpdir(), 'docket-garbage-'));
    const time = { now: Date.now() };
    const wallTime = (): number => time.now;
    const store = await DiskBlobStore.open(folder);
    const catalog = await openSqliteCatalog(join(folder, 'catalog.db'), wallTime);
    const retention = { grace, rules };
    const registry = new Registry({
      store,
      catalog,
      log: silentLog,
      retention,
      wallTime,
      gcObserver,
    });
    return new AgingRegistry(registry, folder, time);
  }

  /** Time goes by, in milliseconds. */
  age(milliseconds: number): void {
    this.#time.now += milliseconds;
  }

  get now(): number {
    return this.#time.now;
  }

  /** Collects garbage and gives what went. */
  async collect(options: GcOptions = {}): Promise<readonly GcItem[]> {
    const items: GcItem[] = [];
    await this.registry.garbage.run({ ...options, visit: (item) => void items.push(item) });
    return items;
  }

  /** Pushes an image as docker does: what is there already is not sent again. */
  async pushImage(repository: Repository, image: object, ...blobs: readonly Uint8Array[]) {
    for (const bytes of blobs) {
      const isThere = await this.registry.blobs.stat(repository, sha256Of(bytes)).then(
        () => true,
        () => false,
      );
      if (!isThere) await pushBlob(this.registry, repository, bytes);
    }
    const [config = new Uint8Array(), ...layers] = blobs;
    return jsonBytes({ ...imageDocument(config, ...layers), ...image });
  }

  /** Pushes a manifest under its digest, or a tag. */
  async put(repository: Repository, bytes: Uint8Array, tag?: string): Promise<Digest> {
    const reference = manifestReference(tag ?? sha256Of(bytes));
    const push = { reference, bytes, contentType: undefined, tags: [] };
    return (await this.registry.manifests.put(repository, push)).digest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry.close();
    await this.registry.catalog.close();
    await this.registry.store.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** An index of these manifests. */
export function indexOf(...children: readonly Uint8Array[]): Uint8Array {
  return jsonBytes({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: children.map(manifestDescriptor),
  });
}

export function manifestDescriptor(bytes: Uint8Array) {
  const { mediaType } = JSON.parse(Buffer.from(bytes).toString()) as { readonly mediaType: string };
  return { mediaType, digest: sha256Of(bytes), size: bytes.length };
}

/** What went, in short: `blob sha256:…`. */
export function named(items: readonly GcItem[]): readonly string[] {
  return items.map(nameOf).toSorted();
}

function nameOf(item: GcItem): string {
  const { kind } = item;
  if (kind === 'tag') return `tag ${item.repository}:${item.tag}`;
  if (kind === 'upload') return `upload ${item.id}`;
  if (kind === 'file') return `file ${item.digest}`;
  if (kind === 'repository') return `repository ${item.repository}`;
  const shared = kind === 'blob' && !item.freed ? ' (shared)' : '';
  return `${kind} ${item.repository} ${item.digest}${shared}`;
}

function jsonBytes(document: object): Uint8Array {
  return Buffer.from(JSON.stringify(document));
}
