import type * as Sdk from '@aws-sdk/client-s3';
import { sleep, type Clock } from '../../base/clock.ts';
import { StorageError } from '../storage-error.ts';
import { eachAtOnce } from './each-at-once.ts';
import { openS3Client } from './open-s3-client.ts';
import { readBody } from './read-body.ts';
import { isAbsent, isBeyondEnd, isNotImplemented, isUploadGone, s3Fault } from './s3-fault.ts';
import { placeOf, usualPatience, type S3Options } from './s3-options.ts';

/** An object, as a list tells of it. */
export interface ObjectEntry {
  /** Without the prefix of the place. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** When it was written, in milliseconds since 1970. */
  readonly changedAt: number;
}

/** A part of an object to be: a stretch of another object, or bytes. All but the last have 5 MiB or more. */
export type ObjectPart =
  | { readonly from: string; readonly start: number; readonly end: number }
  | { readonly bytes: Uint8Array };

/** Parts that are copied at a time. */
const partsAtOnce = 8;
/** How often a read goes on after it was cut, without a byte between. */
const mostCuts = 5;
/** Milliseconds before it goes on, doubled each time. */
const cutDelay = 100;
/** Larger objects are copied in parts. */
const copyLength = 256 * 1024 * 1024;

/** The objects of a bucket whose names begin with a prefix. What is written is durable, and seen by whoever asks then. */
export class S3Bucket implements AsyncDisposable {
  readonly place: string;
  readonly #options: S3Options;
  readonly #clock: Clock;
  readonly #sdk: typeof Sdk;
  readonly #client: Sdk.S3Client;
  /** The multipart uploads of this process. */
  readonly #underWay = new Set<string>();

  private constructor(
    options: S3Options,
    clock: Clock,
    { sdk, client }: Awaited<ReturnType<typeof openS3Client>>,
  ) {
    this.place = placeOf(options);
    this.#options = options;
    this.#clock = clock;
    this.#sdk = sdk;
    this.#client = client;
  }

  /** Asks nothing of the store yet. Throws StorageError when the library is not there. */
  static async open(options: S3Options, clock: Clock): Promise<S3Bucket> {
    return new S3Bucket(options, clock, await openS3Client(options));
  }

  /** The size of an object, in bytes; undefined when it is not there, or the bucket is not. Throws StorageError. */
  async size(name: string): Promise<number | undefined> {
    try {
      const { ContentLength = 0 } = await this.#client.send(
        new this.#sdk.HeadObjectCommand(this.#named(name)),
      );
      return ContentLength;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#fault('cannot look for an object', error);
    }
  }

  /** Writes an object as a whole; the store checks the bytes. Throws StorageError. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.#client.send(
        new this.#sdk.PutObjectCommand({ ...this.#named(name), Body: bytes }),
      );
    } catch (error) {
      throw this.#fault('cannot write an object', error);
    }
  }

  /** A small object's text; undefined when it is not there. Throws StorageError. */
  async text(name: string): Promise<string | undefined> {
    try {
      const { Body } = await this.#client.send(new this.#sdk.GetObjectCommand(this.#named(name)));
      return await Body?.transformToString();
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#fault('cannot read an object', error);
    }
  }

  /**
   * The bytes from `start` up to, not including, `end`. A connection that breaks, or goes quiet, is replaced, and the bytes go on
   * from there. Throws StorageError, STORAGE_CORRUPT when some are not there.
   */
  async *read(
    name: string,
    start: number,
    end: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let at = start;
    for (let cuts = 0; at < end; cuts++) {
      if (cuts > 0) await sleep(this.#clock, cutDelay * 2 ** (cuts - 1));
      const body = await this.#get(name, at, end);
      try {
        for await (const chunk of readBody(body, this.#patience)) {
          if (at + chunk.length > end) break;
          at += chunk.length;
          cuts = 0;
          yield chunk;
        }
        if (at < end && cuts >= mostCuts) throw new Error('the answer ended too early');
      } catch (error) {
        if (cuts >= mostCuts) throw this.#fault('cannot read an object', error);
      }
    }
  }

  /** Removes an object; nothing happens when it is not there. Throws StorageError. */
  async remove(name: string): Promise<void> {
    try {
      await this.#client.send(new this.#sdk.DeleteObjectCommand(this.#named(name)));
    } catch (error) {
      if (!isAbsent(error)) throw this.#fault('cannot remove an object', error);
    }
  }

  /** Removes many objects, as `remove` does. Not by one request for all: stores disagree about how that is to be signed. */
  async removeAll(names: readonly string[]): Promise<void> {
    await eachAtOnce(names, partsAtOnce, (name) => this.remove(name));
  }

  /** The objects whose names begin with `prefix`. Throws StorageError. */
  async *list(prefix: string): AsyncGenerator<ObjectEntry, void, undefined> {
    const { bucket, prefix: top } = this.#options;
    let after: string | undefined;
    do {
      let page: Sdk.ListObjectsV2CommandOutput;
      try {
        page = await this.#client.send(
          new this.#sdk.ListObjectsV2Command({
            Bucket: bucket,
            Prefix: top + prefix,
            ContinuationToken: after,
          }),
        );
      } catch (error) {
        throw this.#fault('cannot list objects', error);
      }
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        if (!Key.startsWith(top)) continue;
        const changedAt = LastModified?.getTime() ?? 0;
        yield { name: Key.slice(top.length), size: Size, changedAt };
      }
      after = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (after !== undefined);
  }

  /** Copies an object of `size` bytes inside the store. Throws StorageError. */
  async copy(from: string, to: string, size: number): Promise<void> {
    if (size > copyLength) {
      const parts: ObjectPart[] = [];
      for (let start = 0; start < size; start += copyLength) {
        parts.push({ from, start, end: Math.min(size, start + copyLength) });
      }
      await this.compose(to, parts, size);
      return;
    }
    try {
      const CopySource = this.#source(from);
      await this.#client.send(new this.#sdk.CopyObjectCommand({ ...this.#named(to), CopySource }));
    } catch (error) {
      throw this.#fault('cannot copy an object', error);
    }
  }

  /**
   * Makes an object of `size` bytes of `parts`, which the store copies itself where it can. It is there at once and whole.
   * Throws StorageError.
   */
  async compose(name: string, parts: readonly ObjectPart[], size: number): Promise<void> {
    const target = this.#named(name);
    let id: string | undefined;
    try {
      const begun = await this.#client.send(new this.#sdk.CreateMultipartUploadCommand(target));
      id = begun.UploadId ?? '';
      this.#underWay.add(id);
      const upload = { ...target, UploadId: id };
      const tags: string[] = [];
      await eachAtOnce(parts.entries(), partsAtOnce, async ([index, part]) => {
        tags[index] = await this.#sendPart({ ...upload, PartNumber: index + 1 }, part);
      });
      const Parts = tags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
      await this.#complete(upload, Parts, name, size);
    } catch (error) {
      if (id !== undefined) await this.#abort(name, id).catch(() => {});
      throw this.#fault('cannot put an object together', error);
    } finally {
      if (id !== undefined) this.#underWay.delete(id);
    }
    const written = await this.size(name);
    if (written !== size) {
      throw new StorageError(
        'STORAGE_FAILED',
        `${this.place}${name} has ${written} bytes after it was put together of ${size}`,
      );
    }
  }

  /** Gives up the multipart uploads that another process of this place left behind. Throws StorageError. */
  async abortOthers(): Promise<void> {
    const { bucket, prefix } = this.#options;
    let marker:
      | { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined }
      | undefined = {};
    while (marker !== undefined) {
      let page: Sdk.ListMultipartUploadsCommandOutput;
      try {
        page = await this.#client.send(
          new this.#sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...marker }),
        );
      } catch (error) {
        // Such a store gives them up by itself.
        if (isNotImplemented(error)) return;
        throw this.#fault('cannot list unfinished uploads', error);
      }
      for (const { Key = '', UploadId = '' } of page.Uploads ?? []) {
        if (!Key.startsWith(prefix) || this.#underWay.has(UploadId)) continue;
        await this.#abort(Key.slice(prefix.length), UploadId);
      }
      marker =
        page.IsTruncated === true
          ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
          : undefined;
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #patience(): number {
    return this.#options.patience ?? usualPatience;
  }

  #named(name: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#options.bucket, Key: this.#options.prefix + name };
  }

  #source(name: string): string {
    const { bucket, prefix } = this.#options;
    return `${bucket}/${prefix}${name}`.split('/').map(encodeURIComponent).join('/');
  }

  async #get(name: string, start: number, end: number): Promise<AsyncIterable<Uint8Array>> {
    try {
      const { Body, ContentRange } = await this.#client.send(
        new this.#sdk.GetObjectCommand({
          ...this.#named(name),
          Range: `bytes=${start}-${end - 1}`,
        }),
      );
      if (ContentRange?.startsWith(`bytes ${start}-`) !== true && start > 0) {
        throw new Error('the store does not answer ranges');
      }
      if (Body === undefined) throw new Error('the answer has no body');
      return Body as AsyncIterable<Uint8Array>;
    } catch (error) {
      if (!isAbsent(error) && !isBeyondEnd(error)) {
        throw this.#fault('cannot read an object', error);
      }
      const message = `bytes ${start}-${end} of ${this.place}${name} are not there`;
      throw new StorageError('STORAGE_CORRUPT', message, { cause: error });
    }
  }

  /** Sends or copies a part; gives its tag. */
  async #sendPart(place: PartPlace, part: ObjectPart): Promise<string> {
    if ('bytes' in part) {
      const sent = await this.#client.send(
        new this.#sdk.UploadPartCommand({ ...place, Body: part.bytes }),
      );
      return sent.ETag ?? '';
    }
    const { from, start, end } = part;
    try {
      const { CopyPartResult } = await this.#client.send(
        new this.#sdk.UploadPartCopyCommand({
          ...place,
          CopySource: this.#source(from),
          CopySourceRange: `bytes=${start}-${end - 1}`,
        }),
      );
      return CopyPartResult?.ETag ?? '';
    } catch (error) {
      if (!isNotImplemented(error)) throw error;
    }
    const bytes: Uint8Array[] = [];
    for await (const chunk of this.read(from, start, end)) bytes.push(Buffer.from(chunk));
    return await this.#sendPart(place, { bytes: Buffer.concat(bytes) });
  }

  async #complete(
    upload: Omit<PartPlace, 'PartNumber'>,
    Parts: Sdk.CompletedPart[],
    name: string,
    size: number,
  ): Promise<void> {
    try {
      await this.#client.send(
        new this.#sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }),
      );
    } catch (error) {
      // It was completed by a first attempt whose answer was lost.
      if (!isUploadGone(error) || (await this.size(name)) !== size) throw error;
    }
  }

  async #abort(name: string, UploadId: string): Promise<void> {
    try {
      await this.#client.send(
        new this.#sdk.AbortMultipartUploadCommand({ ...this.#named(name), UploadId }),
      );
    } catch (error) {
      if (!isUploadGone(error)) throw this.#fault('cannot give up an upload', error);
    }
  }

  #fault(doing: string, error: unknown): StorageError {
    return s3Fault(doing, this.#options, error);
  }
}

interface PartPlace {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
  readonly PartNumber: number;
}
