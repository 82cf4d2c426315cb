import type { Digest } from '../oci/digest.ts';
import type { InfoHash } from '../torrent/ids.ts';
import type { CatalogContext, CatalogSchema } from './catalog-schema.ts';
import type { BlobRecord, TorrentEntry, TorrentRecord, TorrentTable } from './catalog.ts';

export class SqlTorrents implements TorrentTable {
  readonly #context: CatalogContext;

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  async put(torrent: TorrentRecord): Promise<boolean> {
    return await this.#context.database.transaction().execute(async (transaction) => {
      const blob = await transaction
        .selectFrom('blobs')
        .select('digest')
        .where('digest', '=', torrent.digest)
        .executeTakeFirst();
      if (blob === undefined) return false;
      const changing = { info_hash: torrent.infoHash, metainfo: torrent.metainfo };
      await transaction
        .insertInto('torrents')
        .values({ digest: torrent.digest, ...changing })
        .onConflict((conflict) => conflict.column('digest').doUpdateSet(changing))
        .execute();
      return true;
    });
  }

  async find(digest: Digest): Promise<TorrentRecord | undefined> {
    const row = await this.#context.database
      .selectFrom('torrents')
      .selectAll()
      .where('digest', '=', digest)
      .executeTakeFirst();
    return row === undefined ? undefined : recordOf(row);
  }

  async findByInfoHash(infoHash: InfoHash): Promise<TorrentRecord | undefined> {
    const row = await this.#context.database
      .selectFrom('torrents')
      .selectAll()
      .where('info_hash', '=', infoHash)
      .executeTakeFirst();
    return row === undefined ? undefined : recordOf(row);
  }

  async knows(infoHash: InfoHash): Promise<boolean> {
    const row = await this.#context.database
      .selectFrom('torrents')
      .select('digest')
      .where('info_hash', '=', infoHash)
      .executeTakeFirst();
    return row !== undefined;
  }

  async list(): Promise<readonly TorrentEntry[]> {
    const rows = await this.#context.database
      .selectFrom('torrents')
      .select(['digest', 'info_hash'])
      .orderBy('digest')
      .execute();
    return rows.map((row) => ({ digest: row.digest, infoHash: row.info_hash }));
  }

  async missing(): Promise<readonly BlobRecord[]> {
    return await this.#context.database
      .selectFrom('blobs')
      .leftJoin('torrents', 'torrents.digest', 'blobs.digest')
      .select(['blobs.digest', 'blobs.size'])
      .where('torrents.digest', 'is', null)
      .where('blobs.size', '>', 0)
      .orderBy('blobs.created_at')
      .orderBy('blobs.digest')
      .execute();
  }
}

function recordOf(row: CatalogSchema['torrents']): TorrentRecord {
  return { digest: row.digest, infoHash: row.info_hash, metainfo: row.metainfo };
}
