/** What a server wants to see before it answers (RFC 9110 §11.6.1): a scheme in lower case and its parameters. */
export interface Challenge {
  readonly scheme: string;
  /** By their names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A name with `=` and a value, in quotes or not; or a name alone, which is the scheme of a challenge. */
const part =
  /[\s,]*([\w!#$%&'*+.^`|~-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?(?=[\s,]|$)/sy;

/** Longer headers are not looked at: they come from strangers. */
const longestHeader = 16 * 1024;

/**
 * The challenges of one or several `WWW-Authenticate` headers. Values may stand in quotes or not, and several challenges in
 * one header, as registries send them. What follows something that cannot be read is left out.
 */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  return headers.flatMap((header) => (header.length > longestHeader ? [] : challengesOf(header)));
}

function challengesOf(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  part.lastIndex = 0;
  for (;;) {
    const [, name, quoted, bare] = part.exec(header) ?? [];
    if (name === undefined) return challenges;
    const value = quoted?.replaceAll(/\\(.)/gs, '$1') ?? bare;
    if (value === undefined) {
      const parameters = Object.create(null) as Record<string, string>;
      challenges.push({ scheme: name.toLowerCase(), parameters });
      continue;
    }
    const key = name.toLowerCase();
    const parameters = challenges.at(-1)?.parameters;
    // The first one counts: a second one could be meant for another reader.
    if (parameters !== undefined && !(key in parameters)) parameters[key] = value;
  }
}
