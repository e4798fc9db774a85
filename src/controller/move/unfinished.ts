import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { holdOpen, isNamed } from '../../host/lock.ts'

/** A file that is still written, under a name of its own: another export to the same name may be at work. */
export interface Unfinished {
  readonly path: string
  readonly handle: FileHandle
  close(): Promise<void>
}

/** It is locked for as long as it is written, so that one which nobody holds is known to be left of a kill. */
export async function makeUnfinished(file: string): Promise<Unfinished> {
  for (;;) {
    const path = `${file}.${randomUUID().slice(0, 8)}.unfinished`
    const handle = await open(path, 'wx', 0o600)
    // Where files cannot be locked, nobody takes it for left either.
    const lock = await holdOpen(handle.fd).catch(() => 'unknown' as const)
    const close = async (): Promise<void> => {
      if (lock !== undefined && lock !== 'unknown') await lock.release()
      await handle.close()
    }
    if (lock !== undefined && isNamed(handle.fd, path)) return { path, handle, close }
    // Another export was quicker to look who holds it, and clears it away.
    await close()
    await rm(path, { force: true })
  }
}

/** Removes what killed exports to that name left, and nothing that may be somebody else's or still written. */
export async function clearLeft(file: string): Promise<void> {
  const begin = `${basename(file)}.`
  for (const name of await readdir(dirname(file)).catch(() => []))
    if (name.startsWith(begin) && /^[0-9a-f]{8}\.unfinished$/.test(name.slice(begin.length)))
      await clear(join(dirname(file), name))
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

async function clear(path: string): Promise<void> {
  // No link is followed, and no pipe waited at.
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined)
  if (handle === undefined) return
  try {
    if (!(await isExport(handle))) return
    const lock = await holdOpen(handle.fd).catch(() => undefined)
    if (lock !== undefined && isNamed(handle.fd, path)) await rm(path)
    await lock?.release()
  } finally {
    await handle.close()
  }
}

/** Ours, by its owner and its beginning; a kill may have come before the first line. */
async function isExport(handle: FileHandle): Promise<boolean> {
  const found = await handle.stat()
  if (!found.isFile() || found.uid !== process.geteuid?.()) return false
  const beginning = Buffer.from('{"pifarm":"queue"')
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(beginning.length), 0, null, 0)
  return bytesRead === 0 || buffer.equals(beginning)
}
