import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../base/log.ts';
import { sha256Of, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseRepository, type Repository } from '../oci/reference.ts';
import { DiskBlobStore } from '../storage/disk-blob-store.ts';
import { faultyFiles, faultyStatements, type FaultPlan } from '../storage/fault-testing.ts';
import { systemFiles, type Files } from '../storage/files.ts';
import { openSqliteCatalog } from '../storage/sql-catalog.ts';
import { Registry } from './registry.ts';
import type { UploadBody } from './upload-session.ts';
import { defaultUploadLimits, type UploadLimits } from './uploads.ts';

export const team = parseRepository('team/app');
export const other = parseRepository('team/other');

/** A real registry in a temporary folder, for tests. */
export interface TestRegistry extends AsyncDisposable {
  readonly registry: Registry;
  readonly folder: string;
  /** The warnings and errors that were logged. */
  readonly logged: string[];
  /** Ends it as if its process had ended, and opens its folder again. */
  restart(): Promise<TestRegistry>;
}

/** Opens a registry in a new folder, which is removed with it. */
export async function openTestRegistry(limits: Partial<UploadLimits> = {}): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-registry-'));
  return await openIn(folder, { ...defaultUploadLimits, ...limits }, { removes: true });
}

/** As `openTestRegistry`, in this folder, which stays, and with files and a database whose steps go by a plan. */
export async function openTestRegistryIn(
  folder: string,
  plan?: FaultPlan,
  files?: Files,
): Promise<TestRegistry> {
  return await openIn(folder, defaultUploadLimits, { removes: false, plan, files });
}

async function openIn(
  folder: string,
  limits: UploadLimits,
  how: {
    readonly removes: boolean;
    readonly plan?: FaultPlan | undefined;
    readonly files?: Files | undefined;
  },
): Promise<TestRegistry> {
  const { removes, plan, files = systemFiles } = how;
  const store = await DiskBlobStore.open(folder, {
    files: plan === undefined ? files : faultyFiles(plan, files),
  });
  const before = plan && faultyStatements(plan);
  const catalog = await openSqliteCatalog(join(folder, 'catalog.db'), Date.now, before);
  const logged: string[] = [];
  const note = (_: object, message: string): void => void logged.push(message);
  const log = { ...silentLog, warn: note, error: note };
  const registry = new Registry({ store, catalog, log, limits });
  let isOpen = true;
  const close = async (): Promise<void> => {
    isOpen = false;
    await registry.close();
    await catalog.close();
    await store.close();
  };
  return {
    registry,
    folder,
    logged,
    restart: async () => {
      await close();
      return await openIn(folder, limits, { removes });
    },
    [Symbol.asyncDispose]: async () => {
      if (!isOpen) return;
      await close();
      if (removes) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A body of these chunks, as the server hands one in. */
export function bodyOf(...chunks: readonly Uint8Array[]): UploadBody {
  return {
    chunks: (async function* () {
      yield* chunks;
    })(),
    length: chunks.reduce((total, chunk) => total + chunk.length, 0),
    stop() {},
  };
}

/** Pushes bytes as a blob. */
export async function pushBlob(
  registry: Registry,
  repository: Repository,
  bytes: Uint8Array,
): Promise<Digest> {
  const { id } = await registry.uploads.start(repository);
  await registry.uploads.finish(repository, id, sha256Of(bytes), bodyOf(bytes));
  return sha256Of(bytes);
}

/** An image manifest of these blobs. */
export function imageManifest(config: Uint8Array, ...layers: readonly Uint8Array[]): Uint8Array {
  return Buffer.from(JSON.stringify(imageDocument(config, ...layers)));
}

/** As `imageManifest`, to be changed. */
export function imageDocument(config: Uint8Array, ...layers: readonly Uint8Array[]): object {
  const descriptor = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: sha256Of(bytes),
    size: bytes.length,
  });
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptor(mediaTypes.ociConfig, config),
    layers: layers.map((layer) => descriptor(mediaTypes.ociLayerGzip, layer)),
  };
}
