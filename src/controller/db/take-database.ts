import type { DatabaseAddress, TakenDatabase } from './database.ts'
import { migrate } from './migrate.ts'
import { unusable } from './unusable-database.ts'

/** `hint`: what to do where another process has the file. Drivers are loaded here, one of them. */
export async function takeDatabase(address: DatabaseAddress, hint: string): Promise<TakenDatabase> {
  try {
    if (address.kind === 'postgresql') return await takePostgresql(address.url)
    const { takeSqlite } = await import('./sqlite/take-sqlite.ts')
    return await takeSqlite(address.file, hint)
  } catch (error) {
    throw unusable(error, address)
  }
}

async function takePostgresql(url: string): Promise<TakenDatabase> {
  const { openPostgresql } = await import('./open-postgresql.ts')
  const db = openPostgresql(url)
  try {
    await migrate(db)
    return { db, close: db.close, discard: db.close }
  } catch (error) {
    await db.close()
    throw error
  }
}
