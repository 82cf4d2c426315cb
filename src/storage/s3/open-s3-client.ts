import type * as Sdk from '@aws-sdk/client-s3';
import { codeOf } from '../../base/errors.ts';
import { StorageError } from '../storage-error.ts';
import { usualPatience, type S3Options } from './s3-options.ts';

/** Milliseconds for a connection. */
const connectionTimeout = 5000;
const mostConnections = 64;
const attempts = 5;

/**
 * The AWS library, which is loaded only here, and a client of it. Faults that may pass are tried again: a store that is busy, an
 * answer 5xx, a connection that breaks or goes quiet, a clock that differs. Throws StorageError when it is not installed.
 */
export async function openS3Client(options: S3Options): Promise<{
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
}> {
  const sdk = await load();
  const {
    endpoint,
    pathStyle = endpoint !== undefined,
    credentials,
    patience = usualPatience,
  } = options;
  const region = options.region ?? (endpoint === undefined ? undefined : 'us-east-1');
  const connections = { keepAlive: true, maxSockets: mostConnections };
  const client = new sdk.S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: pathStyle,
    followRegionRedirects: true,
    maxAttempts: attempts,
    // Other stores than AWS's do not know the newer checksums. The signature covers the bytes of what is sent.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout,
      socketTimeout: patience,
      httpAgent: connections,
      httpsAgent: connections,
    },
  });
  return { sdk, client };
}

async function load(): Promise<typeof Sdk> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new StorageError(
      'STORAGE_FAILED',
      'blobs cannot be kept in S3: @aws-sdk/client-s3 is not installed. Install it beside docket: npm install @aws-sdk/client-s3',
      { cause: error },
    );
  }
}
