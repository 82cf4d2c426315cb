import { readFile, stat } from 'node:fs/promises';
import {
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
} from 'yaml';
import { codeOf, messageOf } from '../base/errors.ts';
import { ConfigError, type Problem } from './config-error.ts';
import { unknownKey } from './nearest.ts';
import { sectionNames } from './sections.ts';
import type { SectionName } from './setting.ts';

const largestFile = 1024 * 1024;

export type KeyPath = readonly (string | number)[];

/** A file of settings, read but not yet looked through. */
export class ConfigFile {
  readonly path: string;
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #content: Readonly<Record<string, unknown>>;

  private constructor(path: string, document: Document, lines: LineCounter) {
    this.path = path;
    this.#document = document;
    this.#lines = lines;
    const problems = document.errors.map((error): Problem => {
      const message = error.message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '');
      return { place: this.#placeAt(error.pos[0]), message: message ?? error.code };
    });
    if (problems.length > 0) throw new ConfigError(problems);
    this.#content = this.#toContent();
    this.#expectSections();
  }

  /** Reads YAML, of which JSON is a part. `path` is for messages. Throws ConfigError. */
  static parse(path: string, text: string): ConfigFile {
    const lines = new LineCounter();
    const options = { lineCounter: lines, prettyErrors: true, uniqueKeys: true } as const;
    return new ConfigFile(path, parseDocument(text, options), lines);
  }

  /** Throws ConfigError, also when the file cannot be read. */
  static async read(path: string): Promise<ConfigFile> {
    let text: string;
    try {
      const { size } = await stat(path);
      if (size > largestFile) throw new Error(`it has ${size} bytes: expected 1 MiB at most`);
      text = await readFile(path, 'utf8');
    } catch (error) {
      const message =
        codeOf(error) === 'ENOENT'
          ? 'there is no such file'
          : `cannot be read: ${messageOf(error)}`;
      throw new ConfigError([{ place: path, message }]);
    }
    return ConfigFile.parse(path, text);
  }

  /** What stands in a section; empty when it is not there. */
  section(name: SectionName): Readonly<Record<string, unknown>> {
    return (this.#content[name] ?? {}) as Readonly<Record<string, unknown>>;
  }

  /** `FILE:LINE:COLUMN` of a value; of what is around it when it is not there. */
  placeOf(path: KeyPath): string {
    for (let length = path.length; length > 0; length--) {
      const node = this.#document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return this.#placeAt(node.range[0]);
    }
    return this.#placeAt(0);
  }

  /** `FILE:LINE:COLUMN` of a key. */
  placeOfKey(path: KeyPath): string {
    const around: unknown =
      path.length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, -1), true);
    const key = isMap(around)
      ? around.items.find((pair) => isScalar(pair.key) && pair.key.value === path.at(-1))?.key
      : undefined;
    const node = key as Node | undefined;
    return node?.range ? this.#placeAt(node.range[0]) : this.placeOf(path);
  }

  #placeAt(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.path}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  }

  #toContent(): Readonly<Record<string, unknown>> {
    let content: unknown;
    try {
      // Aliases are counted: a small file can stand for a very large value.
      content = this.#document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      throw new ConfigError([{ place: this.path, message: messageOf(error) }]);
    }
    if (content === null || content === undefined) return {};
    if (typeof content === 'object' && !Array.isArray(content)) {
      return content as Readonly<Record<string, unknown>>;
    }
    const message = `expected the sections ${sectionNames.join(' and ')}`;
    throw new ConfigError([{ place: this.#placeAt(0), message }]);
  }

  #expectSections(): void {
    const problems: Problem[] = [];
    for (const [name, section] of Object.entries(this.#content)) {
      if (!(sectionNames as readonly string[]).includes(name)) {
        const message = unknownKey(name, sectionNames, 'section');
        problems.push({ place: this.placeOfKey([name]), message });
      } else if (section !== null && (typeof section !== 'object' || Array.isArray(section))) {
        const message = `${name}: expected settings, each "name: value"`;
        problems.push({ place: this.placeOf([name]), message });
      }
    }
    if (problems.length > 0) throw new ConfigError(problems);
  }
}
