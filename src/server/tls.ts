import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { DocketError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { WatchedFiles } from './access/watched-files.ts';
import { errorFields } from './error-status.ts';

/** Where the certificate is: files in PEM. */
export interface TlsOptions {
  /** The certificate, and those between it and the root after it. */
  readonly cert: string;
  readonly key: string;
  /** Only clients with a certificate of one of these are let in; default: all. */
  readonly clientCa?: string | undefined;
}

/** Raised for a certificate that cannot be used. */
export class TlsError extends DocketError {
  constructor(message: string, options?: ErrorOptions) {
    super('TLS_INVALID', message, options);
  }
}

/** What a TLS server is told. */
export interface TlsContext {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly minVersion: 'TLSv1.2';
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

/** A certificate, read again whenever its files change; what cannot be used leaves the one of before. */
export class Tls {
  readonly #options: TlsOptions;
  readonly #log: Log;
  readonly #watched: WatchedFiles;
  #context: TlsContext;
  #changed: (context: TlsContext) => void = () => {};

  private constructor(options: TlsOptions, context: TlsContext, clock: Clock, log: Log) {
    this.#options = options;
    this.#context = context;
    this.#log = log;
    const { cert, key, clientCa } = options;
    const paths = clientCa === undefined ? [cert, key] : [cert, key, clientCa];
    this.#watched = new WatchedFiles(
      () => paths,
      () => this.#read(),
      clock,
    );
  }

  /** Throws TlsError. */
  static async open(options: TlsOptions, clock: Clock, log: Log): Promise<Tls> {
    const tls = new Tls(options, await readContext(options), clock, log);
    await tls.#watched.mark();
    return tls;
  }

  get context(): TlsContext {
    return this.#context;
  }

  /** `changed` hears of every new certificate: connections that are open keep theirs. */
  onChange(changed: (context: TlsContext) => void): void {
    this.#changed = changed;
  }

  /** Reads the files again. Never rejects. */
  async reload(): Promise<void> {
    await this.#watched.reload();
  }

  async close(): Promise<void> {
    await this.#watched.close();
  }

  async #read(): Promise<void> {
    try {
      this.#context = await readContext(this.#options);
      this.#changed(this.#context);
      this.#log.info({ cert: this.#options.cert }, 'read the certificate again');
    } catch (error) {
      // While both files are replaced they may not fit for a moment: the next change is looked at, too.
      this.#log.error(
        errorFields(error),
        'cannot use the new certificate: the one of before stays',
      );
    }
  }
}

async function readContext({ cert, key, clientCa }: TlsOptions): Promise<TlsContext> {
  const context: TlsContext = {
    cert: await read(cert),
    key: await read(key),
    ...(clientCa === undefined ? {} : { ca: await read(clientCa) }),
    minVersion: 'TLSv1.2',
    requestCert: clientCa !== undefined,
    rejectUnauthorized: clientCa !== undefined,
  };
  try {
    createSecureContext(context);
  } catch (error) {
    throw new TlsError(`${cert} and ${key} cannot be used: ${messageOf(error)}`, { cause: error });
  }
  return context;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new TlsError(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
