/** The newest version of the Docker Engine API whose answers Docket was written for. */
export const newestKnownVersion = '1.47';

/**
 * The API version to speak with an engine whose newest is `theirs`: the older one. Undefined when the engine does not say:
 * then paths go without a version.
 */
export function negotiateVersion(theirs: string | undefined): string | undefined {
  if (theirs === undefined || !/^\d+\.\d+$/.test(theirs)) return undefined;
  return compare(theirs, newestKnownVersion) < 0 ? theirs : newestKnownVersion;
}

function compare(one: string, other: string): number {
  const [major = 0, minor = 0] = one.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  return major - otherMajor || minor - otherMinor;
}
