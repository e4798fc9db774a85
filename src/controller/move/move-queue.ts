import { createReadStream, statSync } from 'node:fs'
import { type FileHandle, open, rename, rm, stat, unlink } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { quoted, UserError } from '../../errors.ts'
import { systemReason } from '../../host/system-reason.ts'
import { isDatabaseGone } from '../db/database-gone.ts'
import type { DatabaseAddress } from '../db/open-database.ts'
import { sqliteFile } from '../db/sqlite-file.ts'
import { takeDatabase } from '../db/take-database.ts'
import { unusable } from '../db/unusable-database.ts'
import { exportQueue } from './export-queue.ts'
import { importQueue } from './import-queue.ts'

/** A SQLite file must have no controller: what it does meanwhile would be in neither database. */
const stopFirst = 'stop it first: systemctl stop pifarm-controller'

/** Writes the queue of a database into a new file, which only its owner may read: lease tokens are in it. */
export async function exportTo(file: string, address: DatabaseAddress): Promise<{ jobs: number }> {
  if ((await stat(file).catch(() => undefined)) !== undefined)
    throw new UserError(`${quoted(file)} is there already`, { hint: 'name a new file' })
  refuseNone(address)
  const unfinished = `${file}.unfinished`
  // What is left of a killed export may be open to others, and a link would be followed.
  await rm(unfinished, { force: true }).catch(unwritable(file))
  const handle = await open(unfinished, 'wx', 0o600).catch(unwritable(file))
  try {
    const { db, discard } = await takeDatabase(address, stopFirst)
    // It adds nothing to it, and so leaves nothing.
    const done = await exportQueue(db, (line) => write(handle, line).catch(unwritable(file)))
      .catch(told(address))
      .finally(discard)
    await handle.sync().catch(unwritable(file))
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
  const { db, close, discard } = await takeDatabase(address, stopFirst)
  try {
    const done = await importQueue(db, linesOf(file)).catch(told(address))
    await close()
    return done
  } catch (error) {
    await discard()
    throw error
  }
}

/** Only what the database says of itself: the file that is read or written has errors of its own. */
function told(address: DatabaseAddress): (error: unknown) => never {
  return (error) => {
    throw isDatabaseGone(error) ? unusable(error, address) : error
  }
}

function unwritable(file: string): (error: unknown) => never {
  return (error) => {
    const reason = systemReason(error)
    if (reason === undefined) throw error
    throw new UserError(`cannot write ${quoted(file)}: ${reason}`, {
      hint: 'name a file elsewhere',
      cause: error,
    })
  }
}

function refuseNone(address: DatabaseAddress): void {
  if (address.kind === 'postgresql') return
  const size = sizeOf(address)
  const what = size === undefined ? 'there is no database' : 'there is no queue in the database'
  if (!size) throw new UserError(`${what} ${address.file}`, { hint: 'name it with --db' })
}

function sizeOf(address: DatabaseAddress & { kind: 'sqlite' }): number | undefined {
  try {
    return statSync(sqliteFile(address.file), { throwIfNoEntry: false })?.size
  } catch (error) {
    throw unusable(error, address)
  }
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
