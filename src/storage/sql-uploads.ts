import type { CatalogContext } from './catalog-schema.ts';
import type { UploadRecord, UploadTable } from './catalog.ts';

const columns = ['id', 'repository', 'algorithm', 'owner'] as const;

export class SqlUploads implements UploadTable {
  readonly #context: CatalogContext;

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  async add(upload: UploadRecord): Promise<void> {
    await this.#context.database
      .insertInto('uploads')
      .values({
        id: upload.id,
        repository: upload.repository,
        algorithm: upload.algorithm,
        owner: upload.owner,
        started_at: this.#context.wallTime(),
      })
      .execute();
  }

  async find(id: string): Promise<UploadRecord | undefined> {
    return await this.#context.database
      .selectFrom('uploads')
      .select(columns)
      .where('id', '=', id)
      .executeTakeFirst();
  }

  async remove(id: string): Promise<void> {
    await this.#context.database.deleteFrom('uploads').where('id', '=', id).execute();
  }

  async list(): Promise<readonly UploadRecord[]> {
    return await this.#context.database
      .selectFrom('uploads')
      .select(columns)
      .orderBy('started_at')
      .orderBy('id')
      .execute();
  }
}
