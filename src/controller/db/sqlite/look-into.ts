import { pathToFileURL } from 'node:url'
import Libsql from 'libsql'
import { sizeOf } from './sqlite-file.ts'

/**
 * Reads what a query finds in a SQLite file, there named `looked`, and changes nothing of it. Beside one
 * without a journal no file is made either.
 */
export function lookInto(file: string, query: string, how = howFor(file)): readonly unknown[] {
  // Into a database of its own, for libsql lets go of a file only with the last statement that was prepared
  // on it, whenever that is: until then nobody could put its journal away.
  const memory = new Libsql(':memory:')
  try {
    const address = `${pathToFileURL(file)}?${how}`.replaceAll("'", "''")
    memory.exec(
      `pragma busy_timeout = 10000; attach '${address}' as looked; create table seen as ${query}; detach looked`,
    )
    return memory.prepare('select * from seen').all()
  } finally {
    memory.close()
  }
}

/** `immutable` passes over a journal; without it SQLite makes files beside a database by reading it. */
function howFor(file: string): string {
  return sizeOf(`${file}-wal`) === 0 ? 'immutable=1' : 'mode=ro'
}
