import { stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import { submission } from '../protocol/views.ts'
import { visible } from '../ui/visible.ts'
import { isDatabaseGone } from './db/database-gone.ts'
import type { MediaDir } from './media-dir.ts'
import type { Queue } from './queue/queue.ts'
import { submit } from './queue/submit.ts'
import { type Watched, watchedFiles } from './watched-files.ts'

/** Looks so far apart that a copy over the network has gone on in between. */
const lookEveryMs = 5000

export interface Watching {
  close(): Promise<void>
}

/**
 * Submits each video of a folder once it is the same at two looks. One that a job was made for since it
 * was written is left alone. What is skipped is said once, and keeps no other from being submitted.
 */
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
  const said = new Map<string, string>()
  /** What each file was when a job was made of it here: no clock is needed to know it again. */
  const made = new Map<string, string>()
  let complained = ''
  // Whoever may write there names the files, and the log is read on a terminal.
  const tell = (line: string): void => say(visible(line))

  const look = async (): Promise<void> => {
    const now = new Map<string, string>()
    for await (const watched of watchedFiles(media.dir, below)) {
      const { path, looks, problem } = watched
      now.set(path, looks)
      if (before.get(path) !== looks) continue
      const what = problem ?? (await offer(watched))
      if (what === undefined) said.delete(path)
      else if (said.get(path) !== what) tell(`${nameOf(path)} ${what}`)
      if (what !== undefined) said.set(path, what)
    }
    for (const path of said.keys()) if (!now.has(path)) said.delete(path)
    before = now
  }
  const nameOf = (path: string): string =>
    path === below ? `the watch folder ${folder}` : `the watch folder: ${JSON.stringify(path)}`
  /** Makes a job of it, unless there is one. Answers what is in the way. */
  const offer = async ({ path, looks, written }: Watched): Promise<string | undefined> => {
    const version = `${looks} ${written}`
    if (made.get(path) === version) return undefined
    if (await isKnown(queue, path, written)) return undefined
    const hls = await stat(join(media.dir, `${path}.hls`)).catch(() => undefined)
    // Its job may have been forgotten since.
    if (hls !== undefined && hls.mtimeMs >= written) return undefined
    const objection = await objectionTo(path)
    if (objection !== undefined) return `is skipped: ${objection}`
    try {
      const { job, isNew } = await submit(queue, submission.parse({ path }))
      if (!isNew) return undefined
      made.set(path, version)
      tell(`job ${job.id}: ${path}, from the watch folder`)
      return undefined
    } catch (error) {
      if (isDatabaseGone(error)) throw error
      return `is skipped: ${messageOf(error)}`
    }
  }
  const objectionTo = async (path: string): Promise<string | undefined> => {
    try {
      await media.file(path)
      const hasHls = await media.hasHls(path)
      return hasHls ? 'there is HLS of what it was before; submit it with --replace' : undefined
    } catch (error) {
      return messageOf(error)
    }
  }
  const watch = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await look()
        complained = ''
      } catch (error) {
        const message = messageOf(error)
        if (message !== complained) tell(`the watch folder: ${message}`)
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
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
