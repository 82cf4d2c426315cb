import { join } from 'node:path';
import { every, systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { createRateLimiter } from '../../base/rate-limiter.ts';
import { loadConfig } from '../../config/load-config.ts';
import { Registry } from '../../registry/registry.ts';
import { verificationJson } from '../../registry/verification-json.ts';
import type { VerificationStatus } from '../../registry/verification.ts';
import { FolderIdentity } from '../../storage/folder-identity.ts';
import { FolderLock } from '../../storage/folder-lock.ts';
import { isKeptElsewhere, openBlobStore } from '../../storage/open-blob-store.ts';
import { openSqliteCatalog } from '../../storage/sql-catalog.ts';
import { parseVerificationReport, type VerificationReport } from './verification-report.ts';
import type { VerifyRequest } from './verify-registry.ts';

const lookEvery = 200;

export interface VerifyFolderRequest extends VerifyRequest {
  /** The file with the registry's settings; undefined: where they are usually. */
  readonly config: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Verifies all that a registry's folder holds, and what it keeps elsewhere; no registry may be running on it. Throws StorageError, STORAGE_LOCKED when one
 * is and STORAGE_GONE when the folder holds none, ConfigError, and the signal's reason.
 */
export async function verifyFolder(
  folder: string,
  { repair, rate, signal, onProgress, config, env }: VerifyFolderRequest,
): Promise<VerificationReport> {
  const identity = await FolderIdentity.open(folder, { mustExist: true });
  // Where its blobs are not in the folder, its settings tell how they are reached.
  const { storage = {} } =
    config !== undefined || (await isKeptElsewhere(folder))
      ? (await loadConfig('registry', { flags: {}, file: config, env })).values
      : {};
  await using parts = new AsyncDisposableStack();
  parts.use(FolderLock.take(folder));
  const store = parts.use(await openBlobStore(identity, storage, systemClock));
  const catalog = parts.use(await openSqliteCatalog(join(folder, 'catalog.db'), Date.now));
  const registry = new Registry({ store, catalog, log: silentLog });
  parts.defer(() => registry.close());
  const { verification } = registry;
  const report = (): VerificationReport => reportOf(verification.status);
  const cancel = (): void => void verification.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const stop = every(systemClock, lookEvery, () => onProgress(report()));
  try {
    verification.start({ repair, limiter: createRateLimiter(rate, systemClock) });
    // A timer must stay, or the process would end while a rate makes it wait.
    const alive = setInterval(() => {}, 60_000);
    await verification.ended;
    clearInterval(alive);
    signal.throwIfAborted();
    return report();
  } finally {
    stop();
    signal.removeEventListener('abort', cancel);
  }
}

function reportOf(status: VerificationStatus | undefined): VerificationReport {
  const json = JSON.stringify(status === undefined ? {} : verificationJson(status));
  return parseVerificationReport(Buffer.from(json));
}
