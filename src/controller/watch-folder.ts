import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import { submission } from '../protocol/views.ts'
import type { MediaDir } from './media-dir.ts'
import type { Queue } from './queue/queue.ts'
import { submit } from './queue/submit.ts'

/** Looks so far apart that a copy over the network has gone on in between. */
const lookEveryMs = 5000
const deepest = 10

export interface Watching {
  close(): Promise<void>
}

/** Submits each file of a folder once it is the same at two looks. A file that a job was made for since it was written is left alone. */
export function watchFolder(
  queue: Queue,
  media: MediaDir,
  folder: string,
  say: (line: string) => void,
  everyMs = lookEveryMs,
): Watching {
  const below = relative(media.dir, folder)
  if (below.startsWith('..'))
    throw new UserError(`the watch folder ${folder} is not below the media directory ${media.dir}`)
  const closing = new AbortController()
  let before: ReadonlyMap<string, string> = new Map()
  let complained = ''

  const look = async (): Promise<void> => {
    const now = new Map<string, string>()
    for await (const [path, written, looks] of filesIn(media.dir, below, 0)) {
      now.set(path, looks)
      if (before.get(path) !== looks || (await isKnown(queue, path, written))) continue
      if (await isMade(join(media.dir, path), written)) continue
      const wish = submission.safeParse({ path })
      if (!wish.success) continue
      await media.file(path)
      const { job, isNew } = await submit(queue, wish.data)
      if (isNew) say(`job ${job.id}: ${path}, from the watch folder`)
    }
    before = now
  }
  const watch = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await look()
        complained = ''
      } catch (error) {
        const { message } = error as Error
        if (message !== complained) say(`the watch folder: ${message}`)
        complained = message
      }
      await sleep(everyMs, undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }
  const watched = watch()
  return {
    close: async () => {
      closing.abort()
      await watched
    },
  }
}

/** Path, time of writing, and what changes while a file grows. Neither hidden files nor what muxers make. */
async function* filesIn(
  top: string,
  dir: string,
  depth: number,
): AsyncIterable<[string, number, string]> {
  for (const entry of await readdir(join(top, dir), { withFileTypes: true })) {
    if (entry.name.startsWith('.') || /\.hls(?:$|\.)/.test(entry.name)) continue
    const path = join(dir, entry.name)
    if (entry.isDirectory() && depth < deepest) yield* filesIn(top, path, depth + 1)
    if (!entry.isFile()) continue
    const found = await stat(join(top, path)).catch(() => undefined)
    if (found !== undefined && found.size > 0)
      yield [path, found.mtimeMs, `${found.ino} ${found.size} ${found.mtimeMs}`]
  }
}

async function isKnown({ db }: Queue, path: string, written: number): Promise<boolean> {
  const job = await db.kysely
    .selectFrom('jobs')
    .select('id')
    .where('path', '=', path)
    .where((or) =>
      or.or([or('created_at', '>=', Math.floor(written)), or('state', 'in', ['queued', 'leased'])]),
    )
    .limit(1)
    .executeTakeFirst()
  return job !== undefined
}

/** Its job may have been forgotten since. */
async function isMade(file: string, written: number): Promise<boolean> {
  const hls = await stat(`${file}.hls`).catch(() => undefined)
  return hls !== undefined && hls.mtimeMs >= written
}
