import { isHubHost } from '../oci/image-name.ts';
import {
  formatReference,
  parseReference,
  tagOrLatest,
  type Reference,
  type Repository,
  type Tag,
} from '../oci/reference.ts';
import type { Digest } from '../oci/digest.ts';

/** An image as it was named on the command line. */
export interface ImageArgument {
  /** The registry's host in the name, when there is one and it is not Docker Hub's. */
  readonly host: string | undefined;
  readonly repository: Repository;
  /** `latest` when neither tag nor digest was named. */
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
  /** The name without tag and digest, as it was written. */
  readonly bare: string;
  /** The name with its tag, by which engines and archives know it; undefined without a tag. */
  readonly tagged: string | undefined;
}

/** Reads `[HOST/]REPOSITORY[:TAG][@DIGEST]`. Throws OciError when it is none. */
export function parseImageArgument(text: string): ImageArgument {
  const reference = parseReference(text);
  const { host, repository, digest } = reference;
  const tag = tagOrLatest(reference);
  const written = (parts: Partial<Reference>): string =>
    formatReference({ host, repository, tag: undefined, digest: undefined, ...parts });
  return {
    host: host !== undefined && isHubHost(host) ? undefined : host,
    repository,
    tag,
    digest,
    bare: written({}),
    tagged: tag === undefined ? undefined : written({ tag }),
  };
}
