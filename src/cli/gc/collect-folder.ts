import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { loadConfig } from '../../config/load-config.ts';
import { gcItemJson } from '../../registry/gc/gc-json.ts';
import { Registry } from '../../registry/registry.ts';
import { FolderIdentity } from '../../storage/folder-identity.ts';
import { FolderLock } from '../../storage/folder-lock.ts';
import { openBlobStore } from '../../storage/open-blob-store.ts';
import { openSqliteCatalog } from '../../storage/sql-catalog.ts';
import type { GoneSummary } from './gone.ts';
import type { CollectRequest } from './run-gc.ts';

export interface FolderRequest extends CollectRequest {
  /** The file with the registry's settings; undefined: where they are usually. */
  readonly config: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Collects the garbage of a registry's folder; no registry may be running on it. Throws StorageError, STORAGE_LOCKED when one
 * is and STORAGE_GONE when the folder holds none, ConfigError, and the signal's reason.
 */
export async function collectFolder(folder: string, request: FolderRequest): Promise<GoneSummary> {
  const { dryRun, grace, signal, onGone, config: file, env } = request;
  const { values } = await loadConfig('registry', { flags: {}, file, env });
  const identity = await FolderIdentity.open(folder, { mustExist: true });
  await using parts = new AsyncDisposableStack();
  parts.use(FolderLock.take(folder));
  const store = parts.use(await openBlobStore(identity, values.storage ?? {}, systemClock));
  const catalog = parts.use(await openSqliteCatalog(join(folder, 'catalog.db'), Date.now));
  const retention = { grace: values.gcGrace, rules: values.retention ?? [] };
  const registry = new Registry({ store, catalog, log: silentLog, retention });
  parts.defer(() => registry.close());
  const { counts, freedBytes, duration } = await registry.garbage.run({
    dryRun,
    grace,
    signal,
    visit: (item) => onGone(gcItemJson(item)),
  });
  return { dryRun, counts, freedBytes, seconds: duration / 1000 };
}
