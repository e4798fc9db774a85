import { type MigrationInfo, Migrator } from 'kysely'
import { UserError } from '../../errors.ts'
import type { Database } from './database.ts'
import { migrations } from './migrations.ts'

/** Brings a database to this version's schema. One that a newer version has changed is refused, untouched. */
export async function migrate({ kysely, dialect }: Database): Promise<void> {
  const known = migrations(dialect)
  const unknown = (await executed(kysely)).filter((name) => !(name in known))
  if (unknown.length > 0)
    throw new UserError(`the database was changed by a newer pifarm: ${unknown.join(', ')}`, {
      hint: 'start that version again, or export the queue with it: pifarm jobs export',
    })
  const migrator = new Migrator({
    db: kysely,
    provider: { getMigrations: async () => known },
  })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}

/** Names of the migrations that were carried out. Looks only: Kysely's own answer throws on unknown ones. */
async function executed(kysely: Database['kysely']): Promise<string[]> {
  const tables = await kysely.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === 'kysely_migration')) return []
  const rows = await kysely
    .withTables<{ kysely_migration: Pick<MigrationInfo, 'name'> }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  return rows.map(({ name }) => name)
}
