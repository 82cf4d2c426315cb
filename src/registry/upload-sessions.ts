import type { UploadSession } from './upload-session.ts';

/** The uploads that this process has touched, by their ids, and whose they are; those that were quiet the longest first. */
export class UploadSessions {
  readonly #byId = new Map<string, UploadSession>();
  readonly #countOf = new Map<string, number>();

  get size(): number {
    return this.#byId.size;
  }

  has(session: UploadSession): boolean {
    return this.#byId.get(session.upload.id) === session;
  }

  get(id: string): UploadSession | undefined {
    return this.#byId.get(id);
  }

  add(session: UploadSession): void {
    this.#byId.set(session.upload.id, session);
    this.#countOf.set(session.client, this.countOf(session.client) + 1);
  }

  /** Somebody goes on with it. */
  touch(session: UploadSession): void {
    if (!this.has(session)) return;
    this.#byId.delete(session.upload.id);
    this.#byId.set(session.upload.id, session);
  }

  delete(session: UploadSession): void {
    if (!this.has(session)) return;
    this.#byId.delete(session.upload.id);
    const left = this.countOf(session.client) - 1;
    if (left === 0) this.#countOf.delete(session.client);
    else this.#countOf.set(session.client, left);
  }

  /** How many uploads a client has begun and not ended. */
  countOf(client: string): number {
    return this.#countOf.get(client) ?? 0;
  }

  /** The client that has most. */
  greediest(): string {
    let most = '';
    for (const [client, count] of this.#countOf) if (count > this.countOf(most)) most = client;
    return most;
  }

  /** Of a client's uploads the one that was quiet the longest; undefined when it is sending to all of them. */
  quietest(client: string): UploadSession | undefined {
    for (const session of this.#byId.values()) {
      if (session.client === client && !session.isReceiving) return session;
    }
    return undefined;
  }
}
