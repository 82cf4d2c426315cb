import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { digestHex, isDigest, sha256Of, type Digest } from '../../oci/digest.ts';
import type { Repository, Tag } from '../../oci/reference.ts';
import { writeFileDurably } from '../../storage/durable-file.ts';
import { prepareFolder } from './prepare-folder.ts';

/**
 * What tags pointed to when the registry was last asked, as files `tags/<hash of the name>`: names may be longer than
 * a file's name can be, and `a/b` may be a repository beside `a`.
 */
export class TagFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = path.join(folder, 'tags');
  }

  /** Makes the folder. Call it once, first. */
  async start(): Promise<void> {
    await prepareFolder(this.#folder);
  }

  /** The digest last known, or undefined. A damaged entry counts as none. */
  async find(repository: Repository, tag: Tag): Promise<Digest | undefined> {
    let entry: unknown;
    try {
      entry = JSON.parse(await readFile(this.#path(repository, tag), 'utf8'));
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
      throw error;
    }
    if (typeof entry !== 'object' || entry === null || !('digest' in entry)) return undefined;
    return typeof entry.digest === 'string' && isDigest(entry.digest) ? entry.digest : undefined;
  }

  /** Remembers that the registry's tag points to `digest`. The manifest must be kept before. */
  async put(repository: Repository, tag: Tag, digest: Digest): Promise<void> {
    if ((await this.find(repository, tag)) === digest) return;
    const entry = JSON.stringify({ repository, tag, digest });
    await writeFileDurably(this.#path(repository, tag), Buffer.from(entry));
  }

  /** Forgets a tag that the registry does not have any more. */
  async drop(repository: Repository, tag: Tag): Promise<void> {
    await rm(this.#path(repository, tag), { force: true });
  }

  #path(repository: Repository, tag: Tag): string {
    return path.join(this.#folder, digestHex(sha256Of(Buffer.from(`${repository}:${tag}`))));
  }
}
