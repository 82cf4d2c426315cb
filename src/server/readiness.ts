import { codeOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Catalog } from '../storage/catalog.ts';
import { errorFields } from './error-status.ts';

/** Why requests cannot be answered now. */
export interface NotReady {
  readonly check: 'storage' | 'catalog' | 'shutdown';
  /** A stable code, such as STORAGE_FULL. What the system said stands in the log alone: anybody may ask. */
  readonly code: string;
}

/** Whether the registry can do its work: blobs and metadata can be read and written, and it is not about to end. */
export class Readiness {
  readonly #parts: { store: BlobStore; catalog: Catalog; log: Log };
  /** Many may ask at the same time. */
  #checking: Promise<readonly NotReady[]> | undefined;
  #isClosing = false;

  constructor(parts: { store: BlobStore; catalog: Catalog; log: Log }) {
    this.#parts = parts;
  }

  /** From now on it is not ready: whoever sends requests here should stop. */
  close(): void {
    this.#isClosing = true;
  }

  /** Why it is not ready; empty when it is. */
  async reasons(): Promise<readonly NotReady[]> {
    if (this.#isClosing) return [{ check: 'shutdown', code: 'SHUTTING_DOWN' }];
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return await this.#checking;
  }

  async #check(): Promise<readonly NotReady[]> {
    const { store, catalog, log } = this.#parts;
    const checks = [
      ['storage', () => store.check()],
      ['catalog', () => catalog.repositories.list({ limit: 1 })],
    ] as const;
    const reasons: NotReady[] = [];
    for (const [check, run] of checks) {
      try {
        await run();
      } catch (error) {
        log.error({ check, ...errorFields(error) }, 'the registry is not ready');
        reasons.push({ check, code: codeOf(error) ?? 'UNKNOWN' });
      }
    }
    return reasons;
  }
}
