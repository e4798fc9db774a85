import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Libsql from 'libsql'
import { quoted, UserError } from '../../../errors.ts'
import { sizeOf } from './sqlite-file.ts'

/** Another program's database would get our tables, and another mode. It is looked at without a trace. */
export function refuseForeign(file: string): void {
  if (sizeOf(file) === 0) return
  const tables = sizeOf(`${file}-wal`) === 0 ? tablesOf(file) : tablesWithJournal(file)
  if (tables.length > 0 && !tables.includes('kysely_migration'))
    throw new UserError(
      `the database ${quoted(file)} is that of another program: it has the table ${quoted(tables[0])}`,
      { hint: 'a queue is a SQLite file that pifarm made; name another with --db' },
    )
}

/**
 * Of one that was killed all tables may be in its journal, or half of a page that they are on. To read
 * that, SQLite makes a `-shm` beside it, which nobody may remove again: libsql keeps it mapped after the
 * close, so that our own connection would go on with what is deleted, and any other program with a new
 * one. Neither then sees what the other writes, and they write over one another. So a copy is read.
 */
function tablesWithJournal(file: string): string[] {
  try {
    const tables = tablesOf(file)
    if (tables.length > 0) return tables
  } catch {
    // What is damaged without its journal may be whole with it.
  }
  const dir = mkdtempSync(join(tmpdir(), 'pifarm-look-'))
  try {
    const copy = join(dir, 'copy.db')
    for (const end of ['', '-wal']) copyFileSync(`${file}${end}`, `${copy}${end}`)
    return tablesOf(copy, 'mode=ro')
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** `immutable` passes over a journal; without it SQLite makes files beside a database by reading it. */
function tablesOf(file: string, how = 'immutable=1'): string[] {
  const untouched = new Libsql(`${pathToFileURL(file)}?${how}`)
  try {
    return untouched
      .prepare("select name from sqlite_master where type = 'table' order by name")
      .all()
      .map((row) => (row as { name: string }).name)
  } finally {
    untouched.close()
  }
}
