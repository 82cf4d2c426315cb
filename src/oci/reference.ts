import { parseDigest, type Digest } from './digest.ts';
import { OciError } from './oci-error.ts';

/** A repository's name by the distribution-spec's grammar: `team/app`. */
export type Repository = string & { readonly __brand: 'Repository' };

/** A tag by the distribution-spec's grammar: at most 128 characters. */
export type Tag = string & { readonly __brand: 'Tag' };

/** What a person writes to name an image: `[host/]repository[:tag][@digest]`. */
export interface Reference {
  /** The registry, `host` or `host:port`, when one was named. */
  readonly host: string | undefined;
  readonly repository: Repository;
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
}

/** The part of a manifest's path that names it: a tag or a digest. */
export type ManifestReference =
  | { readonly kind: 'tag'; readonly tag: Tag }
  | { readonly kind: 'digest'; readonly digest: Digest };

const repositoryGrammar =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagGrammar = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const hostGrammar =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/;

/** Clients refuse a host and name together beyond this many characters (distribution-spec). */
const longestName = 255;

/** Docker's rule for the part of a name before its first slash: a registry's host holds a `.` or a `:`, or is `localhost`. */
export function isHostPart(part: string): boolean {
  return /[.:]/.test(part) || part === 'localhost';
}

/** True for the name of a repository. */
export function isRepository(text: string): text is Repository {
  return text.length <= longestName && repositoryGrammar.test(text);
}

/** `text` as a repository. Throws OciError NAME_INVALID. */
export function parseRepository(text: string): Repository {
  if (isRepository(text)) return text;
  throw new OciError(
    'NAME_INVALID',
    `"${shorten(text)}" is not a repository name: expected lower-case words like team/app`,
  );
}

/** `text` as a tag. Throws OciError TAG_INVALID. */
export function parseTag(text: string): Tag {
  if (tagGrammar.test(text)) return text as Tag;
  throw new OciError(
    'TAG_INVALID',
    `"${shorten(text)}" is not a tag: expected up to 128 letters, digits, ".", "_" and "-"`,
  );
}

/**
 * The parts of `[host/]repository[:tag][@digest]`; what is a host, `isHostPart` says. No default host, `library/` or
 * `latest` is added. Throws OciError NAME_INVALID, TAG_INVALID or DIGEST_INVALID.
 */
export function parseReference(text: string): Reference {
  const at = text.indexOf('@');
  const named = at === -1 ? text : text.slice(0, at);
  const digest = at === -1 ? undefined : parseDigest(text.slice(at + 1));

  const slash = named.indexOf('/');
  const first = slash === -1 ? '' : named.slice(0, slash);
  const host = isHostPart(first) ? first : undefined;
  if (host !== undefined && !hostGrammar.test(host)) {
    throw new OciError('NAME_INVALID', `"${shorten(host)}" is not a registry's host and port`);
  }

  const rest = host === undefined ? named : named.slice(slash + 1);
  const colon = rest.lastIndexOf(':');
  const repository = parseRepository(colon === -1 ? rest : rest.slice(0, colon));
  const tag = colon === -1 ? undefined : parseTag(rest.slice(colon + 1));
  return { host, repository, tag, digest };
}

/** The reference's tag, or `latest` when it names neither tag nor digest; undefined for a digest alone. */
export function tagOrLatest(reference: Reference): Tag | undefined {
  if (reference.tag !== undefined) return reference.tag;
  return reference.digest === undefined ? ('latest' as Tag) : undefined;
}

/** `[host/]repository[:tag][@digest]` again. */
export function formatReference(reference: Reference): string {
  const host = reference.host === undefined ? '' : `${reference.host}/`;
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${host}${reference.repository}${tag}${digest}`;
}

/**
 * The `<reference>` of a manifest's path. Anything with a `:` is meant as a digest, since no tag can hold one. Throws
 * OciError DIGEST_INVALID or TAG_INVALID.
 */
export function manifestReference(text: string): ManifestReference {
  if (text.includes(':')) return { kind: 'digest', digest: parseDigest(text) };
  return { kind: 'tag', tag: parseTag(text) };
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
