import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { randomInteger, type Random } from '../../src/base/random.ts';
import { sha256Of, type Digest } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { Gone, type Answer, type MortalRegistry } from './registry.ts';

interface Blob {
  readonly digest: Digest;
  readonly size: number;
}

export interface WorkerCounts {
  pushes: number;
  pulls: number;
  deletes: number;
  resumed: number;
}

const tagNames = ['a', 'b', 'c', 'd'];

/** Pushes, pulls and deletes images of a repository of its own, and knows at any time what must be there. */
export class Worker {
  readonly #registry: MortalRegistry;
  readonly #random: Random;
  readonly repository: string;
  readonly #others: readonly string[];
  readonly #grace: number;
  /** What each tag may point to: several when a request for it was not answered. */
  readonly #tags = new Map<string, ReadonlySet<Digest | undefined>>();
  readonly #images = new Map<Digest, readonly Blob[]>();
  readonly counts: WorkerCounts = { pushes: 0, pulls: 0, deletes: 0, resumed: 0 };

  constructor(parts: {
    readonly registry: MortalRegistry;
    readonly random: Random;
    readonly repository: string;
    readonly others: readonly string[];
    /** Milliseconds that what nothing points to stays. */
    readonly grace: number;
  }) {
    this.#registry = parts.registry;
    this.#random = parts.random;
    this.repository = parts.repository;
    this.#others = parts.others;
    this.#grace = parts.grace;
  }

  /** Does one thing. Throws when something is lost or wrong. */
  async act(): Promise<void> {
    const tag = tagNames[randomInteger(this.#random, tagNames.length)] ?? 'a';
    const choice = this.#random();
    try {
      if (choice < 0.45) await this.#push(tag);
      else if (choice < 0.8) await this.#pull(tag);
      else await this.#delete(tag, choice < 0.9);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }

  /** Pulls all, and gives the digests of all blobs that its tags hold. */
  async check(): Promise<ReadonlySet<Digest>> {
    const held = new Set<Digest>();
    for (const tag of tagNames) {
      for (const { digest } of await this.#pull(tag)) held.add(digest);
    }
    return held;
  }

  async #push(tag: string): Promise<void> {
    const began = performance.now();
    const blobs: Blob[] = [];
    for (let left = 1 + randomInteger(this.#random, 3); left > 0; left--) {
      blobs.push(await this.#pushBlob());
    }
    const [config, ...layers] = blobs.map(({ digest, size }, at) => ({
      mediaType: at === 0 ? mediaTypes.ociConfig : mediaTypes.ociLayerGzip,
      digest,
      size,
    }));
    const annotations = { nonce: String(this.#random()) };
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config,
        layers,
        annotations,
      }),
    );
    const digest = sha256Of(bytes);
    this.#images.set(digest, blobs);
    await this.#change(tag, digest, async () => {
      const answer = await this.#ask(`manifests/${tag}`, {
        method: 'PUT',
        headers: { 'Content-Type': mediaTypes.ociManifest },
        body: bytes,
      });
      const isLate = performance.now() - began > this.#grace * 0.9;
      // What nothing pointed to for so long may have been collected.
      if (answer.status === 400 && isLate) return false;
      this.#expect(answer, 201, 'a manifest whose blobs were pushed');
      return true;
    });
    this.counts.pushes++;
  }

  /** Some blobs are of many images; others of one. */
  async #pushBlob(): Promise<Blob> {
    const isShared = this.#random() < 0.5;
    const name = isShared ? `shared ${randomInteger(this.#random, 20)}` : `own ${this.#random()}`;
    const bytes = bytesOf(name, 1 + (hashNumber(name) % 300_000));
    const blob = { digest: sha256Of(bytes), size: bytes.length };
    if ((await this.#ask(`blobs/${blob.digest}`, { method: 'HEAD' })).status === 200) return blob;
    const from = this.#others[randomInteger(this.#random, this.#others.length)];
    const begun = await this.#ask(
      `blobs/uploads/${isShared ? `?mount=${blob.digest}&from=${from}` : ''}`,
      { method: 'POST' },
    );
    if (begun.status === 201) return blob;
    this.#expect(begun, 202, 'an upload');
    const location = begun.headers.get('location') ?? '';
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + 1 + randomInteger(this.#random, 100_000));
      try {
        const sent = await this.#registry.ask(location, {
          method: 'PATCH',
          headers: { 'Content-Range': `${at}-${end - 1}` },
          body: bytes.subarray(at, end),
        });
        this.#expect(sent, 202, 'a part of an upload');
        at = end;
      } catch (error) {
        if (!(error instanceof Gone)) throw error;
        const status = await this.#registry.ask(location);
        this.#expect(status, 204, 'an upload, after a kill');
        const there = Number(status.headers.get('range')?.split('-')[1]) + 1;
        // An empty upload says 0-0, too.
        const durable = there === 1 && at === 0 ? 0 : there;
        assert.ok(durable >= at, `of ${at} bytes that were received ${durable} are left`);
        at = durable;
        this.counts.resumed++;
      }
    }
    const done = await this.#registry.ask(`${location}?digest=${blob.digest}`, { method: 'PUT' });
    this.#expect(done, 201, 'the end of an upload');
    return blob;
  }

  async #pull(tag: string): Promise<readonly Blob[]> {
    const possible = this.#tags.get(tag) ?? new Set([undefined]);
    const answer = await this.#ask(`manifests/${tag}`);
    const digest = answer.status === 404 ? undefined : sha256Of(answer.body);
    if (digest !== undefined) this.#expect(answer, 200, 'a manifest');
    assert.ok(
      possible.has(digest),
      `${this.repository}:${tag} is ${digest}, not one of ${[...possible].join(', ')}`,
    );
    // Now it is known what became of requests that were not answered.
    this.#tags.set(tag, new Set([digest]));
    const blobs = digest === undefined ? [] : (this.#images.get(digest) ?? []);
    for (const blob of blobs) {
      const pulled = await this.#ask(`blobs/${blob.digest}`);
      this.#expect(pulled, 200, `a blob of ${this.repository}:${tag}`);
      assert.equal(sha256Of(pulled.body), blob.digest, 'a blob has wrong bytes');
    }
    this.counts.pulls++;
    return blobs;
  }

  async #delete(tag: string, whole: boolean): Promise<void> {
    const [digest, ...others] = this.#tags.get(tag) ?? [];
    if (digest === undefined || others.length > 0) return;
    const tags = whole
      ? tagNames.filter((name) => this.#tags.get(name)?.has(digest) === true)
      : [tag];
    for (const name of tags) this.#mayBe(name, undefined);
    const answer = await this.#ask(`manifests/${whole ? digest : tag}`, { method: 'DELETE' });
    this.#expect(answer, 202, 'a delete');
    for (const name of tags) {
      const left = [...(this.#tags.get(name) ?? [])].filter((one) => one !== digest);
      this.#tags.set(name, new Set(left));
    }
    this.counts.deletes++;
  }

  /** While the request is under way, and for ever when it is not answered, the tag may be either. */
  async #change(tag: string, to: Digest, request: () => Promise<boolean>): Promise<void> {
    const before = this.#tags.get(tag) ?? new Set([undefined]);
    this.#mayBe(tag, to);
    const happened = await request();
    this.#tags.set(tag, happened ? new Set([to]) : before);
  }

  #mayBe(tag: string, digest: Digest | undefined): void {
    this.#tags.set(tag, new Set([...(this.#tags.get(tag) ?? [undefined]), digest]));
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Answer> {
    return await this.#registry.ask(`/v2/${this.repository}/${path}`, init);
  }

  #expect(answer: Answer, status: number, what: string): void {
    const text = answer.body.toString().slice(0, 300);
    assert.equal(answer.status, status, `${what}: ${answer.status} ${text}`);
  }
}

function hashNumber(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE();
}

/** The same bytes for the same name. */
function bytesOf(name: string, length: number): Buffer<ArrayBuffer> {
  const seed = createHash('sha256').update(name).digest();
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = (seed[at % 32] ?? 0) ^ ((at >> 5) * 31);
  return bytes;
}
