import { createReadStream, statSync } from 'node:fs'
import { type FileHandle, link, lstat, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { quoted, UserError } from '../../errors.ts'
import { hasCode } from '../../host/entries.ts'
import { renameNew } from '../../host/rename-new.ts'
import { systemReason } from '../../host/system-reason.ts'
import type { DatabaseAddress } from '../db/database.ts'
import { isDatabaseGone } from '../db/database-gone.ts'
import { sqliteFile } from '../db/sqlite/sqlite-file.ts'
import { takeDatabase } from '../db/take-database.ts'
import { unusable } from '../db/unusable-database.ts'
import { exportQueue } from './export-queue.ts'
import { importQueue } from './import-queue.ts'
import { clearLeft, makeUnfinished } from './unfinished.ts'

/** A SQLite file must have no controller: what it does meanwhile would be in neither database. */
const stopFirst = 'stop it first: systemctl stop pifarm-controller'

/** Writes the queue of a database into a new file, which only its owner may read: lease tokens are in it. */
export async function exportTo(
  file: string,
  address: DatabaseAddress,
  signal: AbortSignal,
): Promise<{ jobs: number }> {
  await clearLeft(file).catch(unwritable(file))
  await refuseThere(file)
  refuseNone(address)
  const { path, handle, close } = await makeUnfinished(file).catch(unwritable(file))
  try {
    const { db, discard } = await takeDatabase(address, stopFirst)
    // It adds nothing to it, and so leaves nothing.
    const done = await exportQueue(db, async (line) => {
      signal.throwIfAborted()
      await write(handle, line).catch(unwritable(file))
    })
      .catch(told(address))
      .finally(discard)
    await handle.sync().catch(unwritable(file))
    await nameIt(path, file).catch(unwritable(file))
    return done
  } catch (error) {
    // Gone by now where only the directory could not be flushed.
    await rm(path, { force: true })
    throw error
  } finally {
    await close()
  }
}

/** Fills an empty database with the queue in a file. */
export async function importFrom(
  file: string,
  address: DatabaseAddress,
  signal: AbortSignal,
): Promise<{ jobs: number }> {
  await refuseUnreadable(file)
  const { db, close, discard } = await takeDatabase(address, stopFirst)
  try {
    const done = await importQueue(db, linesOf(file, signal)).catch(told(address))
    await close()
    return done
  } catch (error) {
    // What went wrong first is told: the rest may come of it.
    await discard().catch(() => undefined)
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

async function refuseThere(file: string): Promise<void> {
  if ((await lstat(file).catch(() => undefined)) !== undefined) throw isThere(file)
}

function isThere(file: string): UserError {
  return new UserError(`${quoted(file)} is there already`, { hint: 'name a new file' })
}

/**
 * Not by rename(2) alone: what somebody laid there since the look would be lost. link(2) refuses it, and
 * whoever is killed leaves no name but of the whole.
 */
async function nameIt(unfinished: string, file: string): Promise<void> {
  try {
    await link(unfinished, file)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw isThere(file)
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP')) throw error
    // As on a USB stick.
    if (!(await renameNew(unfinished, file))) throw isThere(file)
  }
  await rm(unfinished, { force: true })
  const dir = await open(dirname(file))
  await dir.sync().finally(() => dir.close())
}

async function refuseUnreadable(file: string): Promise<void> {
  const entry = await stat(file).catch(() => undefined)
  const hint = 'name a file that `pifarm jobs export` wrote'
  if (entry === undefined) throw new UserError(`there is no file ${quoted(file)}`, { hint })
  if (!entry.isFile()) throw new UserError(`${quoted(file)} is no regular file`, { hint })
  if (entry.size === 0) throw new UserError(`${quoted(file)} is empty`, { hint })
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
async function* linesOf(file: string, signal: AbortSignal): AsyncIterable<string> {
  const input = createReadStream(file)
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      signal.throwIfAborted()
      yield line
    }
  } finally {
    input.destroy()
  }
}

async function write(handle: FileHandle, line: string): Promise<void> {
  await handle.write(`${line}\n`)
}
