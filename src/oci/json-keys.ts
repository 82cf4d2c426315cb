/**
 * Called for each key of a JSON text. `path` says where its object stands: '' for the outermost, `config`, `layers[]`…,
 * cut at 100 characters; `object` is a number that no other object of the text has.
 */
export type KeyVisitor = (path: string, key: string, object: number) => void;

interface Container {
  readonly path: string;
  readonly id: number;
  readonly array: boolean;
  /** The key whose value comes next. */
  key: string;
}

/** A path is made and compared for each object: with long ones, megabytes of small objects would take many seconds. */
const longestPath = 100;

/**
 * Visits every key of a JSON text as often as it is written: `JSON.parse` keeps only the last of equal ones, other
 * parsers keep the first or ignore case, and whoever checks must see them all. `text` must be valid JSON. Throws
 * RangeError when it is nested deeper than `maxDepth`.
 */
export function visitKeys(text: string, maxDepth: number, visit: KeyVisitor): void {
  const open: Container[] = [];
  let top: Container | undefined;
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at] ?? '') {
      case '{':
      case '[':
        top = { path: pathOfValue(top), id: count++, array: text[at] === '[', key: '' };
        open.push(top);
        if (open.length > maxDepth) throw new RangeError(`nested deeper than ${maxDepth}`);
        break;
      case '}':
      case ']':
        open.pop();
        top = open.at(-1);
        break;
      case '"': {
        const end = endOfString(text, at);
        if (top !== undefined && !top.array && isKey(text, end)) {
          top.key = JSON.parse(text.slice(at, end)) as string;
          visit(top.path, top.key, top.id);
        }
        at = end - 1;
        break;
      }
      default:
    }
  }
}

function pathOfValue(container: Container | undefined): string {
  if (container === undefined) return '';
  const { path, key, array } = container;
  const whole = array ? `${path}[]` : path === '' ? key : `${path}.${key}`;
  return whole.slice(0, longestPath);
}

/** Where the string that begins at `start` ends: at the first quote behind an even number of backslashes. */
function endOfString(text: string, start: number): number {
  for (let quote = start; ;) {
    quote = text.indexOf('"', quote + 1);
    let slash = quote;
    while (text[slash - 1] === '\\') slash--;
    if ((quote - slash) % 2 === 0) return quote + 1;
  }
}

function isKey(text: string, after: number): boolean {
  let at = after;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}
