/** Where blobs are kept in an S3-compatible store, and how it is reached. */
export interface S3Options {
  readonly bucket: string;
  /** What all names begin with, with a slash at the end, or empty: several registries may share a bucket. */
  readonly prefix: string;
  /** The URL of the store; default: that of AWS for the region. */
  readonly endpoint?: string | undefined;
  /** Default: the usual settings of AWS; with an endpoint `us-east-1`. */
  readonly region?: string | undefined;
  /** True puts the bucket into the path, false into the host's name; default: true with an endpoint. */
  readonly pathStyle?: boolean | undefined;
  /** Default: the usual chain: the environment, files, web identity, the instance's own. */
  readonly credentials?:
    | { readonly accessKeyId: string; readonly secretAccessKey: string }
    | undefined;
  /** The most bytes of blobs that are kept on the local disk to be read; default 20 GB. */
  readonly cacheBytes?: number | undefined;
  /** Bytes of the parts that uploads are sent in, 5 MiB or more; default 16 MiB. A blob has at most 10,000. */
  readonly partBytes?: number | undefined;
  /** Milliseconds without a byte until a request is tried again; default 20,000. */
  readonly patience?: number | undefined;
}

/** Milliseconds. */
export const usualPatience = 20_000;

/** `s3://bucket/prefix/`, for messages. */
export function placeOf({ bucket, prefix }: Pick<S3Options, 'bucket' | 'prefix'>): string {
  return `s3://${bucket}/${prefix}`;
}
