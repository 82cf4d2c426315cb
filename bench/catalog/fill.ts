import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { openSqliteCatalog } from '../../src/storage/sql-catalog.ts';

/** How much there is. */
export interface Amounts {
  /** Tags of the repository `large`, each on an image of its own. */
  readonly tags: number;
  /** Other repositories, each with one image. */
  readonly repositories: number;
  /** Manifests about the first image of `large`. */
  readonly referrers: number;
}

const twoWeeks = 14 * 24 * 3600_000;

/**
 * Fills a catalog as pushes would, two weeks ago, in one transaction. The blobs have no files: nothing here reads any. Gives
 * the digest of the manifest that the referrers are about.
 */
export async function fillCatalog(folder: string, amounts: Amounts): Promise<string> {
  const path = join(folder, 'catalog.db');
  await (await openSqliteCatalog(path, () => Date.now() - twoWeeks)).close();
  const database = new DatabaseSync(path);
  database.exec(
    'pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -500000; begin',
  );
  const filler = new Filler(database, Date.now() - twoWeeks);
  filler.repository('large');
  const [subject = ''] = Array.from({ length: amounts.tags }, (_, at) =>
    filler.image('large', `v${at}`, undefined),
  );
  for (let at = 0; at < amounts.repositories; at++) {
    filler.repository(`team-${at % 100}/app-${at}`);
    filler.image(`team-${at % 100}/app-${at}`, 'latest', undefined);
  }
  for (let at = 0; at < amounts.referrers; at++) filler.image('large', undefined, subject);
  database.exec('commit');
  database.close();
  return subject;
}

class Filler {
  readonly #now: number;
  readonly #statements;
  #count = 0;

  constructor(database: DatabaseSync, now: number) {
    this.#now = now;
    const prepare = (text: string) => database.prepare(text);
    this.#statements = {
      repository: prepare('insert into repositories (name, created_at) values (?, ?)'),
      blob: prepare('insert into blobs (digest, size, created_at) values (?, 1000, ?)'),
      link: prepare(
        'insert into repository_blobs (repository, digest, linked_at, touched_at) values (?, ?, ?, ?)',
      ),
      torrent: prepare('insert into torrents (digest, info_hash, metainfo) values (?, ?, ?)'),
      manifest: prepare(
        `insert into manifests (repository, digest, media_type, subject, image_size, pushed_at, touched_at, bytes)
         values (?, ?, ?, ?, 2000, ?, ?, ?)`,
      ),
      reference: prepare(
        'insert into manifest_references (repository, target, manifest) values (?, ?, ?)',
      ),
      tag: prepare('insert into tags (repository, name, digest, pushed_at) values (?, ?, ?, ?)'),
    };
  }

  repository(name: string): void {
    this.#statements.repository.run(name, this.#now);
  }

  /** An image of two blobs of its own; gives its digest. */
  image(repository: string, tag: string | undefined, subject: string | undefined): string {
    const now = this.#now;
    const { blob, link, torrent, manifest, reference, tag: tags } = this.#statements;
    const blobs = [this.#digest(), this.#digest()];
    const descriptors = blobs.map((digest) => ({
      mediaType: mediaTypes.ociLayerGzip,
      digest,
      size: 1000,
    }));
    const about = { mediaType: mediaTypes.ociManifest, digest: subject, size: 500 };
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        ...(subject === undefined ? {} : { subject: about, artifactType: 'application/x-sbom' }),
        config: { ...descriptors[0], mediaType: mediaTypes.ociConfig },
        layers: descriptors.slice(1),
        annotations: { number: String(this.#count) },
      }),
    );
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    for (const target of blobs) {
      blob.run(target, now);
      link.run(repository, target, now, now);
      torrent.run(target, target.slice(7, 47), Buffer.alloc(200));
    }
    manifest.run(repository, digest, mediaTypes.ociManifest, subject ?? null, now, now, bytes);
    for (const target of blobs) reference.run(repository, target, digest);
    if (tag !== undefined) tags.run(repository, tag, digest, now);
    return digest;
  }

  #digest(): string {
    const hash = createHash('sha256').update(`blob ${this.#count++}`);
    return `sha256:${hash.digest('hex')}`;
  }
}
