import type { CatalogContext, CatalogSchema } from './catalog-schema.ts';
import type { RobotRecord, RobotTable } from './robots.ts';

export class SqlRobots implements RobotTable {
  readonly #context: CatalogContext;

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  async add(robot: RobotRecord): Promise<boolean> {
    return await this.#context.database.transaction().execute(async (transaction) => {
      await transaction
        .deleteFrom('robots')
        .where('name', '=', robot.name)
        .where('revoked_at', 'is not', null)
        .execute();
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('robots')
        .values({
          id: robot.id,
          name: robot.name,
          hash: robot.hash,
          grants: robot.grants,
          created_by: robot.createdBy,
          created_at: robot.createdAt,
          expires_at: robot.expiresAt ?? null,
          revoked_at: robot.revokedAt ?? null,
          used_at: robot.usedAt ?? null,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirst();
      return Number(numInsertedOrUpdatedRows) === 1;
    });
  }

  async find(id: string): Promise<RobotRecord | undefined> {
    const row = await this.#all().where('id', '=', id).executeTakeFirst();
    return row && recordOf(row);
  }

  async findNamed(name: string): Promise<RobotRecord | undefined> {
    const row = await this.#all().where('name', '=', name).executeTakeFirst();
    return row && recordOf(row);
  }

  async list(): Promise<readonly RobotRecord[]> {
    const rows = await this.#all().orderBy('name').execute();
    return rows.map(recordOf);
  }

  async revoke(name: string, at: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#context.database
      .updateTable('robots')
      .set({ revoked_at: at })
      .where('name', '=', name)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    return Number(numUpdatedRows) === 1;
  }

  async used(id: string, at: number): Promise<void> {
    await this.#context.database
      .updateTable('robots')
      .set({ used_at: at })
      .where('id', '=', id)
      .execute();
  }

  #all() {
    return this.#context.database.selectFrom('robots').selectAll();
  }
}

function recordOf(row: CatalogSchema['robots']): RobotRecord {
  return {
    id: row.id,
    name: row.name,
    hash: row.hash,
    grants: row.grants,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    usedAt: row.used_at ?? undefined,
  };
}
