import { fileURLToPath } from 'node:url';
import type { Program } from '../lab/program.ts';
import type { Workplace } from '../lab/workplace.ts';

/** Nothing answered, or the answer broke off: the registry was killed. */
export class Gone extends Error {}

/** An answer with its whole body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** A registry that is killed now and then, and started again at the same place. */
export class MortalRegistry {
  readonly folder: string;
  readonly #place: Workplace;
  readonly #grace: number;
  #program: Program | undefined;
  #port = 0;
  #ready = Promise.withResolvers<void>();
  kills = 0;

  constructor(place: Workplace, folder: string, grace: number) {
    this.#place = place;
    this.folder = folder;
    this.#grace = grace;
  }

  /** Resolves when it accepts requests. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  async start(): Promise<void> {
    const script = fileURLToPath(new URL('registry-process.ts', import.meta.url));
    const command = [
      process.execPath,
      script,
      this.folder,
      String(this.#port),
      String(this.#grace),
    ];
    this.#program = this.#place.start(command, { name: 'registry' });
    const [, port] = await this.#program.line(/^ready: http:\/\/127\.0\.0\.1:(\d+)$/);
    this.#port = Number(port);
    this.#ready.resolve();
  }

  /** Kills it, in the midst of whatever it does. */
  async kill(): Promise<void> {
    this.#ready = Promise.withResolvers<void>();
    this.kills++;
    await this.#program?.kill();
  }

  /** What it said on standard error. */
  report(): string {
    return this.#program?.report() ?? '';
  }

  /** Asks it once it is up. Throws Gone when it dies meanwhile. */
  async ask(path: string, init: RequestInit = {}): Promise<Answer> {
    await this.ready;
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#port}${path}`, init);
      const body = Buffer.from(await answer.arrayBuffer());
      return { status: answer.status, headers: answer.headers, body };
    } catch (cause) {
      throw new Gone(`${init.method ?? 'GET'} ${path} was not answered`, { cause });
    }
  }
}
