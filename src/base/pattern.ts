/**
 * True when the whole of `text` matches: `*` is any text without a slash, `**` any text, `?` one character that is no
 * slash. It takes time by the product of both lengths, whatever the pattern.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const parts = pattern.match(/\*\*+|[^]/g) ?? [];
  /** After how many characters of the text the parts so far may end. */
  let ends = new Uint8Array(text.length + 1);
  ends[0] = 1;
  for (const part of parts) {
    const next = new Uint8Array(text.length + 1);
    const isStar = part.startsWith('*');
    for (let at = 0; at <= text.length; at++) {
      if (isStar && (ends[at] === 1 || (next[at - 1] === 1 && isWithin(part, text[at - 1])))) {
        next[at] = 1;
      } else if (!isStar && at > 0 && ends[at - 1] === 1 && isOne(part, text[at - 1])) {
        next[at] = 1;
      }
    }
    ends = next;
  }
  return ends[text.length] === 1;
}

function isWithin(star: string, character: string | undefined): boolean {
  return star.length > 1 || character !== '/';
}

function isOne(part: string, character: string | undefined): boolean {
  return part === '?' ? character !== '/' : character === part;
}
