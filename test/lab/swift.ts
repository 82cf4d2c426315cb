import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Options } from '../../src/storage/s3/s3-options.ts';
import { python } from './clients.ts';
import { Workplace } from './workplace.ts';

const bucket = 'docket';
const credentials = { accessKeyId: 'docket:writer', secretAccessKey: 'secret' };

/** An S3-compatible store that is not ours: OpenStack Swift with its s3api, in one process. It has one bucket. */
export class Swift implements AsyncDisposable {
  readonly endpoint: string;
  readonly #workplace: Workplace;

  private constructor(endpoint: string, workplace: Workplace) {
    this.endpoint = endpoint;
    this.#workplace = workplace;
  }

  static async start(): Promise<Swift> {
    const workplace = new Workplace(await mkdtemp(join(tmpdir(), 'docket-swift-')));
    try {
      const script = join(import.meta.dirname, 'swift-server.py');
      const program = workplace.start([python, script, workplace.folder], { name: 'swift' });
      const [, port] = await program.line(/^ready (\d+)$/);
      const swift = new Swift(`http://127.0.0.1:${port}`, workplace);
      await swift.#makeBucket();
      return swift;
    } catch (error) {
      await workplace[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A place in the bucket that nobody else uses, reached directly or by way of `endpoint`. */
  place(options: Partial<S3Options> = {}): S3Options {
    const prefix = `${randomUUID()}/`;
    return { bucket, prefix, endpoint: this.endpoint, credentials, ...options };
  }

  /** The names of all objects of a place, and of its unfinished uploads, without the prefix. */
  async look({ prefix }: S3Options): Promise<{ objects: string[]; unfinished: string[] }> {
    const { ListObjectsV2Command, ListMultipartUploadsCommand } =
      await import('@aws-sdk/client-s3');
    const client = await this.#client();
    const where = { Bucket: bucket, Prefix: prefix };
    const objects: string[] = [];
    for (let token: string | undefined, more = true; more;) {
      const page = await client.send(
        new ListObjectsV2Command({ ...where, ContinuationToken: token }),
      );
      for (const { Key = '' } of page.Contents ?? []) objects.push(Key.slice(prefix.length));
      token = page.NextContinuationToken;
      more = page.IsTruncated === true;
    }
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand(where));
    client.destroy();
    return { objects, unfinished: Uploads.map(({ Key = '' }) => Key.slice(prefix.length)) };
  }

  /** Overwrites an object, or removes it. */
  async change({ prefix }: S3Options, name: string, bytes: Uint8Array | undefined): Promise<void> {
    const { DeleteObjectCommand, PutObjectCommand } = await import('@aws-sdk/client-s3');
    const client = await this.#client();
    const where = { Bucket: bucket, Key: prefix + name };
    if (bytes === undefined) await client.send(new DeleteObjectCommand(where));
    else await client.send(new PutObjectCommand({ ...where, Body: bytes }));
    client.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#workplace[Symbol.asyncDispose]();
  }

  async #client() {
    const { openS3Client } = await import('../../src/storage/s3/open-s3-client.ts');
    return (await openS3Client(this.place())).client;
  }

  async #makeBucket(): Promise<void> {
    const { CreateBucketCommand } = await import('@aws-sdk/client-s3');
    const client = await this.#client();
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
  }
}

/** Why Swift cannot be run here; undefined when it can. Throws where DOCKET_REQUIRE_CLIENTS is 1 and it cannot. */
export function swiftMissing(): string | undefined {
  const imports = 'import swift.proxy.server, swift.common.middleware.s3api, swift.obj.mem_server';
  const works =
    existsSync(python) && spawnSync(python, ['-c', imports], { stdio: 'ignore' }).status === 0;
  if (works) return undefined;
  const reason = "not installed: the distribution's python3-swift";
  if (process.env['DOCKET_REQUIRE_CLIENTS'] === '1') {
    throw new Error(`DOCKET_REQUIRE_CLIENTS is 1, but ${reason}`);
  }
  return reason;
}
