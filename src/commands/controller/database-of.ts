import type { DatabaseAddress } from '../../controller/db/database.ts'
import { quoted, UserError } from '../../errors.ts'

const hint = 'it is postgresql://user@host/database; for a SQLite file use --db'

/** Where the queue is: `--db` says so, else DATABASE_URL, else pifarm's own file. */
export function databaseOf(
  db: string | undefined,
  url: string | undefined,
  ours: string,
): DatabaseAddress {
  if (db !== undefined || url === undefined || url === '')
    return { kind: 'sqlite', file: db ?? ours }
  // Its password is in it: only the scheme is said again.
  if (!/^postgres(?:ql)?:\/\//.test(url))
    throw new UserError(`DATABASE_URL begins with ${quoted(url.split(':')[0])}`, { hint })
  if (!URL.canParse(url)) throw new UserError('DATABASE_URL is no URL', { hint })
  return { kind: 'postgresql', url }
}
