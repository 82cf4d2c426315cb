/** What stands in place of a secret. */
export const hidden = '(hidden)';

/** Names of query parameters and headers whose values open doors. */
const names =
  'access_token|api_?key|auth|authorization|code|credential|id_token|key|passw(?:or)?d|pwd|refresh_token|' +
  'secret|sig|signature|token|x-amz-(?:credential|security-token|signature)|x-goog-(?:credential|signature)';
const inQuery = new RegExp(`([?&](?:${names})=)[^&#\\s"'\\\\]+`, 'gi');
const inUrl = /(:\/\/)[^\s/?#"'\\@]+@/g;
const robotSecret = /\bdkt_([a-z0-9]{16})_[\w-]+/g;
const inHeader = /\b(basic|bearer)(\s+)[\w.~+/=-]{6,}/gi;

/** Text without what it may hold of secrets: users and passwords in URLs, tokens in queries and in `Authorization`. */
export function redact(text: string): string {
  // Most text has none of these.
  if (!/[@=]|basic|bearer|dkt_/i.test(text)) return text;
  return text
    .replaceAll(inUrl, `$1${hidden}@`)
    .replaceAll(inQuery, `$1${hidden}`)
    .replaceAll(robotSecret, `dkt_$1_${hidden}`)
    .replaceAll(inHeader, `$1$2${hidden}`);
}
