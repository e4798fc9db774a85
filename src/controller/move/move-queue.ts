import { createReadStream, existsSync } from 'node:fs'
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { quoted, UserError } from '../../errors.ts'
import { lockDatabase } from '../db/lock-database.ts'
import { migrate } from '../db/migrate.ts'
import { type Database, type DatabaseAddress, openDatabase } from '../db/open-database.ts'
import { sqliteFile } from '../db/sqlite-file.ts'
import { exportQueue } from './export-queue.ts'
import { importQueue } from './import-queue.ts'

/** Writes the queue of a database into a new file, which only its owner may read: lease tokens are in it. */
export async function exportTo(file: string, address: DatabaseAddress): Promise<{ jobs: number }> {
  if ((await stat(file).catch(() => undefined)) !== undefined)
    throw new UserError(`${quoted(file)} is there already`, { hint: 'name a new file' })
  if (address.kind === 'sqlite' && !existsSync(sqliteFile(address.file)))
    throw new UserError(`there is no database ${address.file}`, { hint: 'name it with --db' })
  const unfinished = `${file}.unfinished`
  const handle = await open(unfinished, 'w', 0o600)
  try {
    const done = await withDatabase(address, (db) =>
      exportQueue(db, async (line) => void (await write(handle, line))),
    )
    await handle.sync()
    await rename(unfinished, file)
    return done
  } catch (error) {
    await unlink(unfinished)
    throw error
  } finally {
    await handle.close()
  }
}

/** Fills an empty database with the queue in a file. */
export async function importFrom(
  file: string,
  address: DatabaseAddress,
): Promise<{ jobs: number }> {
  if (!(await stat(file).catch(() => undefined))?.isFile())
    throw new UserError(`there is no file ${quoted(file)}`)
  return await withDatabase(address, (db) => importQueue(db, linesOf(file)))
}

/** Opened when the first line is wanted: readline drops what comes before, and then never ends. */
async function* linesOf(file: string): AsyncIterable<string> {
  const input = createReadStream(file)
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  } finally {
    input.destroy()
  }
}

async function write(handle: FileHandle, line: string): Promise<void> {
  await handle.write(`${line}\n`)
}

/** A SQLite file must have no controller: what it does meanwhile would be in neither database. */
async function withDatabase<T>(
  address: DatabaseAddress,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const lock = await lockDatabase(address, 'stop it first: systemctl stop pifarm-controller')
  try {
    const db = await openDatabase(address)
    try {
      await migrate(db)
      return await work(db)
    } finally {
      await db.close()
    }
  } finally {
    await lock?.release()
  }
}
