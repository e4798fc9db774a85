import { statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import Libsql from 'libsql'
import { quoted, UserError } from '../../errors.ts'

/** Another program's database would get our tables, and another mode. It is looked at without a trace. */
export function refuseForeign(file: string): void {
  if (!statSync(file, { throwIfNoEntry: false })?.size) return
  // Without it SQLite makes files beside a database by reading it.
  const untouched = new Libsql(`${pathToFileURL(file)}?immutable=1`)
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
  }
}
