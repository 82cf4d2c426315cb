import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { DocketError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Watched } from './watched.ts';

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

/** A certificate, read again whenever its files change: connections that are open keep theirs. */
export type Tls = Watched<TlsContext>;

/** Throws TlsError. */
export async function openTls(options: TlsOptions, clock: Clock, log: Log): Promise<Tls> {
  const { cert, key, clientCa } = options;
  const paths = clientCa === undefined ? [cert, key] : [cert, key, clientCa];
  return await Watched.open({
    read: () => readContext(options),
    paths: () => paths,
    clock,
    log,
    again: 'read the certificate again',
    failed: 'cannot use the new certificate: the one of before stays',
    fields: () => ({ cert }),
  });
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
