import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Exchange } from '../exchange.ts';
import type { Need } from './need.ts';

/** A file that is larger gives way to a new one; so many of before are kept. */
const largestFile = 100 * 1024 * 1024;
const keptFiles = 9;
/** Lines that wait for the disk; a change is not held up by them. */
const mostWaiting = 100_000;

/** One line: somebody changed something, or was not let. */
export interface AuditEntry {
  /** ISO 8601. */
  readonly time: string;
  /** A subject's label, or `unknown` for credentials that were not right. */
  readonly who: string;
  /** The class of the request and its method: `manifest PUT`. */
  readonly what: string;
  readonly repository?: string | undefined;
  /** The tag, digest, upload or token that it was about. */
  readonly target?: string | undefined;
  readonly status: number;
  readonly from: string | undefined;
  readonly requestId: string;
}

export interface AuditLogOptions {
  readonly path: string;
  readonly log: Log;
  /** Called for each line that could not be kept. */
  readonly lost: () => void;
  readonly largest?: number;
}

/**
 * Writes a line of JSON for every change and every refused attempt at one. A push does not wait for it, and is not refused
 * when the disk does not take it: each line that is lost stands in the log, and is counted.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #waiting: AuditEntry[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  /** Writes of this exchange when it has ended, if it was a change. */
  watch(exchange: Exchange, need: Need): void {
    const { request, response } = exchange;
    if (!isChange(request.method ?? '', need)) return;
    response.once('close', () => {
      const { statusCode: status, headersSent } = response;
      // An upload that goes on has changed nothing yet.
      if (!headersSent || (status === 202 && request.method !== 'DELETE' && need === 'push'))
        return;
      this.write(entryOf(exchange, exchange.caller.label, status));
    });
  }

  /** Writes of credentials that were not right, or did not suffice. */
  refused(exchange: Exchange, need: Need, status: number): void {
    const { method = '', headers } = exchange.request;
    if (headers.authorization === undefined || !isChange(method, need)) return;
    this.write(entryOf(exchange, exchange.askedBy ?? 'unknown', status));
  }

  /** Writes of somebody who could not log in. */
  failedLogin(exchange: Exchange, status: number): void {
    this.write(entryOf(exchange, 'unknown', status));
  }

  write(entry: AuditEntry): void {
    if (this.#waiting.length >= mostWaiting) this.#lose(entry, 'too many lines wait for the disk');
    else this.#waiting.push(entry);
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, 1000);
      try {
        await this.#append(batch.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      } catch (error) {
        for (const entry of batch) this.#lose(entry, messageOf(error));
      }
    }
  }

  /** Opened anew each time: others may move the file away at any moment. */
  async #append(text: string): Promise<void> {
    const { path } = this.#options;
    await this.#turn();
    await using file: FileHandle = await open(path, 'a', 0o640);
    await file.appendFile(text);
    await file.datasync();
  }

  async #turn(): Promise<void> {
    const { path, largest = largestFile } = this.#options;
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size < largest) return;
    await rm(`${path}.${keptFiles}`, { force: true });
    for (let number = keptFiles - 1; number >= 1; number--) {
      await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(() => {});
    }
    await rename(path, `${path}.1`);
  }

  #lose(entry: AuditEntry, reason: string): void {
    this.#options.lost();
    this.#options.log.error({ entry, error: reason }, 'a line of the audit log could not be kept');
  }
}

function isChange(method: string, need: Need): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return need === 'push' || need === 'delete' || need === 'admin';
}

function entryOf(exchange: Exchange, who: string, status: number): AuditEntry {
  const { request, parts, observed, target } = exchange;
  return {
    time: new Date().toISOString(),
    who,
    what: `${observed.route} ${request.method}`,
    repository: observed.repository,
    target: target ?? parts['reference'] ?? parts['digest'] ?? parts['robot'] ?? parts['id'],
    status,
    from: request.socket.remoteAddress,
    requestId: observed.id,
  };
}
