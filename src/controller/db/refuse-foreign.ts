import { existsSync, rmSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import Libsql from 'libsql'
import { quoted, UserError } from '../../errors.ts'
import { sizeOf } from './size-of.ts'

/** Another program's database would get our tables, and another mode. It is looked at without a trace. */
export function refuseForeign(file: string): void {
  if (sizeOf(file) === 0) return
  // Of one that was killed all tables may be in its journal, and `immutable` passes over that.
  const isKilled = sizeOf(`${file}-wal`) > 0
  const hadIndex = existsSync(`${file}-shm`)
  // Without it SQLite makes files beside a database by reading it.
  const untouched = new Libsql(`${pathToFileURL(file)}?${isKilled ? 'mode=ro' : 'immutable=1'}`)
  try {
    const tables = untouched
      .prepare("select name from sqlite_master where type = 'table' order by name")
      .all()
      .map((row) => (row as { name: string }).name)
    if (tables.length > 0 && !tables.includes('kysely_migration'))
      throw new UserError(
        `the database ${quoted(file)} is that of another program: it has the table ${quoted(tables[0])}`,
        { hint: 'a queue is a SQLite file that pifarm made; name another with --db' },
      )
  } finally {
    untouched.close()
    if (isKilled && !hadIndex) rmSync(`${file}-shm`, { force: true })
  }
}
