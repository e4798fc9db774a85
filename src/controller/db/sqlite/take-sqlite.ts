import type { TakenDatabase } from '../database.ts'
import { migrate } from '../migrate.ts'
import { noteOwner, numberDatabase, ownerOfJournal, refuseLeftJournal } from './journal-owner.ts'
import { holdLockFile } from './lock-file.ts'
import { makeDirs, makeFile } from './make-files.ts'
import { openSqlite } from './open-sqlite.ts'
import { refuseDamaged } from './refuse-damaged.ts'
import { refuseForeign } from './refuse-foreign.ts'
import { refuseNoFile } from './refuse-no-file.ts'
import { sqliteFile } from './sqlite-file.ts'
import { watchName } from './watch-name.ts'

/**
 * Takes a SQLite file for this process alone. The order of the steps is what keeps a queue from being
 * lost: each may rely on those before it, and one that fails takes those back.
 */
export async function takeSqlite(named: string, hint: string): Promise<TakenDatabase> {
  const done: (() => unknown)[] = []
  const takeBack = async (): Promise<void> => {
    const failed: unknown[] = []
    for (const undo of done.splice(0).reverse()) {
      try {
        await undo()
      } catch (error) {
        failed.push(error)
      }
    }
    if (failed.length > 0) throw failed[0]
  }
  try {
    // Once: a link may be led elsewhere at any time, and what is locked must be what is opened.
    const file = sqliteFile(named)
    refuseNoFile(file)
    // Before anything opens it, and before the lock, which writes over the file that says whose journal it is.
    refuseLeftJournal(file)
    const owner = ownerOfJournal(file)
    makeDirs(file, done)
    // From here on nobody else of ours makes it, or writes into it. Who is refused, or killed, while it is
    // only looked at leaves known whose journal that is: a backup may take the place of what is damaged.
    const lock = await holdLockFile(file, hint, owner)
    done.push(lock.release)
    refuseForeign(file)
    await refuseDamaged(file)
    noteOwner(file, undefined)
    const unmake = makeFile(file)
    // Whoever removed the lock let somebody else in, whose file it is by now.
    done.push(() => lock.isHeld() && unmake())
    const refuseReplaced = watchName(named, file)
    const db = openSqlite(file, () => {
      refuseReplaced()
      lock.refuseRemoved()
    })
    done.push(db.close)
    await migrate(db)
    // Last: the journal that was left is in the database by now.
    await numberDatabase(file, db)
    return { db, close: () => db.close().finally(lock.release), discard: takeBack }
  } catch (error) {
    // What went wrong first is told: the rest may come of it.
    await takeBack().catch(() => undefined)
    throw error
  }
}
