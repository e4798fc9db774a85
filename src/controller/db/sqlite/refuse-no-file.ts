import { statSync } from 'node:fs'
import { quoted, UserError } from '../../../errors.ts'
import { shellWord } from '../../../shell-word.ts'
import { lockOf } from './journal-owner.ts'

/**
 * What SQLite and pifarm keep beside a database are files. A directory there would be met only once the
 * database is open, as an error that names neither; at a pipe SQLite waits for ever.
 */
export function refuseNoFile(file: string): void {
  for (const path of [`${file}-wal`, `${file}-shm`, `${file}-journal`, lockOf(file)]) {
    const entry = statSync(path, { throwIfNoEntry: false })
    if (entry === undefined || entry.isFile()) continue
    const what = entry.isDirectory() ? 'is a directory' : 'is no regular file'
    throw new UserError(
      `${quoted(path)} ${what}, and a file is kept there beside the database ${quoted(file)}`,
      { hint: `move it away: mv ${shellWord(path)} ${shellWord(`${path}.aside`)}` },
    )
  }
}
