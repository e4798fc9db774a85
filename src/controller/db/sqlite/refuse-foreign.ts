import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quoted, UserError } from '../../../errors.ts'
import { lookInto } from './look-into.ts'
import { sizeOf } from './sqlite-file.ts'

/** Another program's database would get our tables, and another mode. It is looked at without a trace. */
export function refuseForeign(file: string): void {
  if (sizeOf(file) === 0) return
  const tables = sizeOf(`${file}-wal`) === 0 ? tablesIn(file) : tablesWithJournal(file)
  if (tables.length > 0 && !tables.includes('kysely_migration'))
    throw new UserError(
      `the database ${quoted(file)} is that of another program: it has the table ${quoted(tables[0])}`,
      { hint: 'a queue is a SQLite file that pifarm made; name another with --db' },
    )
}

/**
 * Of one that was killed all tables may be in its journal, or half of a page that they are on. To read
 * that, SQLite makes a `-shm` beside it, which nobody may remove again: who opened the database meanwhile
 * would go on with what is deleted, and whoever comes next with a new one. Neither sees what the other
 * writes, and they write over one another. So a copy is read.
 */
function tablesWithJournal(file: string): readonly string[] {
  try {
    const tables = tablesIn(file, 'immutable=1')
    if (tables.length > 0) return tables
  } catch {
    // What is damaged without its journal may be whole with it.
  }
  const dir = mkdtempSync(join(tmpdir(), 'pifarm-look-'))
  try {
    const copy = join(dir, 'copy.db')
    for (const end of ['', '-wal']) copyFileSync(`${file}${end}`, `${copy}${end}`)
    return tablesIn(copy)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function tablesIn(file: string, how?: string): readonly string[] {
  const query = "select name from looked.sqlite_master where type = 'table' order by name"
  return lookInto(file, query, how).map((row) => (row as { name: string }).name)
}
