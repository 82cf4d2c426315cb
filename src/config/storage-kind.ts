import { z } from 'zod';
import { about, object, read, scalar } from '../base/schema.ts';
import { parseBytes } from '../base/units.ts';
import type { StorageOptions } from '../storage/open-blob-store.ts';
import { boolean, nonEmpty, webUrl } from './kind-makers.ts';
import { secret } from './secret-kind.ts';
import { ValueError } from './value-error.ts';

const leastPart = 5 * 2 ** 20;
const mostPart = 2 ** 30;
const leastCache = 64 * 2 ** 20;

function bucketName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(text)) return text;
  throw new ValueError(`"${text}" is not the name of a bucket`);
}

/** With a slash at its end, or empty. */
function prefix(text: string): string {
  const inner = text.replaceAll(/^\/+|\/+$/g, '');
  if (inner === '') return '';
  if (
    /^[\w.-]+(?:\/[\w.-]+)*$/.test(inner) &&
    !inner.split('/').some((part) => /^\.+$/.test(part))
  ) {
    return `${inner}/`;
  }
  throw new ValueError(`"${text}": expected names of A-Z a-z 0-9 . _ - with slashes between`);
}

function partLength(text: string): number {
  const bytes = parseBytes(text);
  if (bytes >= leastPart && bytes <= mostPart) return bytes;
  throw new ValueError(`"${text}": expected a size from 5MiB to 1GiB`);
}

function cacheLength(text: string): number {
  const bytes = parseBytes(text);
  if (bytes >= leastCache) return bytes;
  throw new ValueError(`"${text}": expected a size of 64MiB or more`);
}

const s3 = object({
  bucket: scalar('the name of a bucket', bucketName).meta(about('the bucket, which must be there')),
  prefix: scalar('a prefix', prefix)
    .optional()
    .meta(about('what the names of all objects begin with; each registry needs its own')),
  endpoint: scalar('a URL', webUrl)
    .optional()
    .meta(about('the URL of the store; default: that of AWS for the region')),
  region: scalar('a region', nonEmpty)
    .optional()
    .meta(about('its region; default: the usual settings of AWS, with an endpoint `us-east-1`')),
  pathStyle: boolean
    .optional()
    .meta(
      about(
        "whether the bucket stands in the path, not in the host's name; default: with an endpoint",
      ),
    ),
  accessKeyId: scalar('a key', nonEmpty)
    .optional()
    .meta(
      about('default: the usual chain of AWS: the environment, files, web identity, the instance'),
    ),
  secretAccessKey: secret
    .optional()
    .meta(about('its secret, or `file: PATH`; only with `accessKeyId`')),
  cacheSize: scalar('a size like 100GB', cacheLength)
    .optional()
    .meta(about('the most bytes of blobs that are kept in the folder to be read; default 20GB')),
  partSize: scalar('a size like 16MiB', partLength)
    .optional()
    .meta(about('of the parts that uploads are sent in, at most 10,000 a blob; default 16MiB')),
});

type S3Settings = z.output<typeof s3>;

/** `s3://bucket/prefix?name=value`, as an object of settings. Throws ValueError. */
function parseUrl(text: string): object {
  const url = URL.parse(text);
  if (url?.protocol !== 's3:' || url.username + url.password !== '' || url.hash !== '') {
    throw new ValueError(
      'expected s3://BUCKET/PREFIX, with options like ?endpoint=URL&region=NAME',
    );
  }
  const query = Object.fromEntries(url.searchParams);
  if ('secretAccessKey' in query || 'accessKeyId' in query) {
    throw new ValueError('keys do not belong in the URL: give them in the environment or a file');
  }
  return { bucket: url.hostname, prefix: url.pathname, ...query };
}

function optionsOf(settings: S3Settings): StorageOptions {
  const { accessKeyId, secretAccessKey, cacheSize, partSize, ...rest } = settings;
  const credentials =
    accessKeyId === undefined || secretAccessKey === undefined
      ? undefined
      : { accessKeyId, secretAccessKey };
  return {
    s3: {
      ...rest,
      prefix: rest.prefix ?? '',
      credentials,
      cacheBytes: cacheSize,
      partBytes: partSize,
    },
  };
}

/** Where blobs are kept: a URL, or an object. */
export const storage = z
  .union([z.string(), object({ s3: s3.meta(about('an S3-compatible store')) })], {
    error: 'expected s3://BUCKET/PREFIX, or "s3: …"',
  })
  .transform((value, context): StorageOptions => {
    if (typeof value !== 'string') {
      const { accessKeyId, secretAccessKey } = value.s3;
      return read(context, '', () => {
        if ((accessKeyId === undefined) === (secretAccessKey === undefined)) {
          return optionsOf(value.s3);
        }
        throw new ValueError('accessKeyId and secretAccessKey belong together: give both, or none');
      });
    }
    const parsed = read(context, value, () => parseUrl(value));
    if (typeof parsed !== 'object') return {};
    const result = s3.safeParse(parsed);
    if (result.success) return optionsOf(result.data);
    for (const { path, message } of result.error.issues) {
      const name = path.map(String).join('.');
      context.issues.push({ code: 'custom', input: value, message: `${name}: ${message}` });
    }
    return z.NEVER;
  });
