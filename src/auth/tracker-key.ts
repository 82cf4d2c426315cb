import { createHmac, timingSafeEqual } from 'node:crypto';
import { labelOf, parseLabel, type Subject } from './subject.ts';

/** What a key says. Whether its subject may have the blob is asked each time. */
export interface TrackerKey {
  readonly subject: Subject;
  /** As in tokens. */
  readonly mark: string;
  /** The digest of the blob whose torrent it came with: it is good for that alone. */
  readonly blob: string;
}

/** Keys in announce URLs and web seeds' URLs (`?auth=<key>`): for torrent clients, which know no logins. */
export class TrackerKeys {
  readonly #secret: Buffer;
  /** Milliseconds since 1970. */
  readonly #wallTime: () => number;

  constructor(secret: Buffer, wallTime: () => number) {
    this.#secret = secret;
    this.#wallTime = wallTime;
  }

  /** A key that is good for `lifetime` milliseconds. */
  create({ subject, mark, blob }: TrackerKey, lifetime: number): string {
    const until = Math.ceil((this.#wallTime() + lifetime) / 1000);
    const content = JSON.stringify([until, labelOf(subject), mark, blob, ...subject.groups]);
    const text = Buffer.from(content).toString('base64url');
    return `${text}.${this.#macOf(text)}`;
  }

  /** Undefined for one that is not ours or has expired. */
  read(key: string): TrackerKey | undefined {
    const dot = key.indexOf('.');
    const text = key.slice(0, dot);
    const mac = Buffer.from(this.#macOf(text));
    const given = Buffer.from(key.slice(dot + 1));
    if (dot === -1 || given.length !== mac.length || !timingSafeEqual(given, mac)) return undefined;
    const [until, label, mark, blob, ...groups] = JSON.parse(
      Buffer.from(text, 'base64url').toString(),
    ) as [number, string, string, string, ...string[]];
    const named = parseLabel(label);
    if (named === undefined || until * 1000 <= this.#wallTime()) return undefined;
    return { subject: { ...named, groups }, mark, blob };
  }

  #macOf(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url').slice(0, 22);
  }
}

/** The key in a tracker's or a web seed's query, as it was sent. */
export function trackerKeyIn(search: string): string | undefined {
  return /(?:^|[?&])auth=([\w.-]{1,4096})(?:&|$)/.exec(search)?.[1];
}
