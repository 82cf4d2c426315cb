import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer; its body is there only when it was asked for. */
export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly length: number;
  readonly body: Buffer | undefined;
}

const endOfHead = Buffer.from('\r\n\r\n');

/**
 * One connection of HTTP/1.1, one request at a time, with as little work as can be: all bytes are received into one buffer
 * and are only counted, so that the server is what is measured. Bodies must have a Content-Length.
 */
export class Connection {
  readonly #socket: Socket;
  #head = Buffer.alloc(0);
  #answer: { status: number; head: string; length: number } | undefined;
  #left = 0;
  #keep: Buffer[] | undefined;
  #onBytes: ((bytes: Buffer) => void) | undefined;
  #waiting: PromiseWithResolvers<Answer> | undefined;

  constructor(port: number) {
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(512 * 1024),
        callback: (count, buffer) => {
          this.#received(Buffer.from(buffer.buffer, buffer.byteOffset, count));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the server hung up')));
  }

  static async open(port: number): Promise<Connection> {
    const connection = new Connection(port);
    await once(connection.#socket, 'connect');
    return connection;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Sends a whole request and waits for its answer. `onBytes` is given the bytes of the body, which it may not keep. */
  async ask(
    request: string | Buffer,
    options: { readonly keep?: boolean; readonly onBytes?: (bytes: Buffer) => void } = {},
  ): Promise<Answer> {
    const answer = this.expect(options);
    this.#socket.write(request);
    return await answer;
  }

  /** Waits for the answer to a request that is sent by `send`. */
  async expect(
    options: { readonly keep?: boolean; readonly onBytes?: (bytes: Buffer) => void } = {},
  ): Promise<Answer> {
    this.#keep = options.keep === true ? [] : undefined;
    this.#onBytes = options.onBytes;
    this.#answer = undefined;
    this.#waiting = Promise.withResolvers<Answer>();
    return await this.#waiting.promise;
  }

  /** Sends bytes; resolves when the system has taken them. */
  async send(bytes: string | Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  #received(bytes: Buffer): void {
    if (this.#answer !== undefined) {
      this.#body(bytes);
      return;
    }
    const all = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
    const end = all.indexOf(endOfHead);
    if (end === -1) {
      this.#head = Buffer.from(all);
      return;
    }
    this.#head = Buffer.alloc(0);
    const head = all.toString('latin1', 0, end);
    const status = Number(head.slice(9, 12));
    // What tells a client to go on is no answer yet.
    if (status === 100) {
      this.#received(all.subarray(end + 4));
      return;
    }
    const length = Number(headerOf(head, 'content-length') ?? 0);
    if (headerOf(head, 'transfer-encoding') !== undefined) {
      this.#waiting?.reject(new Error('an answer without Content-Length'));
    }
    this.#answer = { status, head, length };
    this.#left = length;
    this.#body(all.subarray(end + 4));
  }

  #body(bytes: Buffer): void {
    this.#left -= bytes.length;
    this.#keep?.push(Buffer.from(bytes));
    this.#onBytes?.(bytes);
    if (this.#left > 0 || this.#answer === undefined) return;
    const body = this.#keep === undefined ? undefined : Buffer.concat(this.#keep);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ ...this.#answer, body });
  }
}

/** A header of an answer. */
export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1]?.trim();
}

/** The bytes of a request without a body, or of the beginning of one. */
export function requestOf(
  method: string,
  path: string,
  headers: Readonly<Record<string, string | number>> = {},
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n${lines.join('')}\r\n`;
}
