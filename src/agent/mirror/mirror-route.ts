import { parseDigest, type Digest } from '../../oci/digest.ts';
import { OciError } from '../../oci/oci-error.ts';
import { manifestReference, type ManifestReference, type Repository } from '../../oci/reference.ts';
import type { Origins } from './origins.ts';

/** What a request under `/v2/` is for. */
export type MirrorRoute =
  | { readonly kind: 'ping' }
  | {
      readonly kind: 'manifest';
      readonly repository: Repository;
      readonly reference: ManifestReference;
    }
  | { readonly kind: 'blob'; readonly repository: Repository; readonly digest: Digest }
  | {
      readonly kind: 'tags';
      readonly repository: Repository;
      /** The path that was asked for. */
      readonly path: string;
      /** To pass on to the registry: `n` and `last` only. */
      readonly query: string;
    }
  | {
      readonly kind: 'referrers';
      readonly repository: Repository;
      readonly digest: Digest;
      readonly path: string;
      /** To pass on to the registry: `artifactType`, `n` and `last` only. */
      readonly query: string;
    };

/**
 * Reads the target of a request, `/v2/…?…`, or undefined when it is no endpoint of the mirror. The last parts of the path
 * decide, since a repository's name may hold words like `blobs`. Throws OciError.
 */
export function parseMirrorRoute(target: string, origins: Origins): MirrorRoute | undefined {
  const mark = target.indexOf('?');
  const path = decode(mark === -1 ? target : target.slice(0, mark));
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1));
  if (path === '/v2' || path === '/v2/') return { kind: 'ping' };

  const tags = /^\/v2\/(.+)\/tags\/list$/.exec(path);
  if (tags !== null) {
    const repository = origins.repository(tags[1] ?? '', query.getAll('ns'));
    return { kind: 'tags', repository, path, query: passedOn(query, ['n', 'last']) };
  }

  const [, name = '', kind, reference = ''] =
    /^\/v2\/(.+)\/(manifests|blobs|referrers)\/([^/]+)$/.exec(path) ?? [];
  if (kind === undefined) return undefined;
  const repository = origins.repository(name, query.getAll('ns'));
  if (kind === 'blobs') return { kind: 'blob', repository, digest: parseDigest(reference) };
  if (kind === 'manifests') {
    return { kind: 'manifest', repository, reference: manifestReference(reference) };
  }
  const digest = parseDigest(reference);
  const passed = passedOn(query, ['artifactType', 'n', 'last']);
  return { kind: 'referrers', repository, digest, path, query: passed };
}

function passedOn(query: URLSearchParams, names: readonly string[]): string {
  const passed = new URLSearchParams();
  for (const name of names) {
    const value = query.get(name);
    if (value !== null) passed.set(name, value);
  }
  return passed.toString();
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    throw new OciError('NAME_INVALID', 'the path is not percent-encoded UTF-8', { cause: error });
  }
}
