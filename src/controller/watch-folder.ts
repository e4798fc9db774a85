import { relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import type { MediaDir } from './media-dir.ts'
import { offerFile } from './offer-file.ts'
import { problemIn } from './problem-in.ts'
import type { Queue } from './queue/queue.ts'
import { type Watched, watchedFiles } from './watched-files.ts'

/** Looks so far apart that a copy over the network has gone on in between. */
const lookEveryMs = 5000

export interface Watching {
  close(): Promise<void>
}

/**
 * Submits each video of a folder once it is the same at two looks. One that a job was made of as it is
 * now is left alone. What is skipped is said once, and keeps no other from being submitted.
 */
export function watchFolder(
  queue: Queue,
  media: MediaDir,
  folder: string,
  say: (line: string) => void,
  everyMs = lookEveryMs,
): Watching {
  const watched = new WatchedFolder(queue, media, folder, say)
  const closing = new AbortController()
  const ended = lookAgain(watched, everyMs, closing.signal, say)
  return {
    close: async () => {
      closing.abort()
      await ended
    },
  }
}

async function lookAgain(
  watched: WatchedFolder,
  everyMs: number,
  closing: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  let complained = ''
  while (!closing.aborted) {
    const complaint = await watched.look().then(() => '', notLookedThrough)
    if (complaint !== complained && complaint !== '') say(`the watch folder ${complaint}`)
    complained = complaint
    await sleep(everyMs, undefined, { signal: closing }).catch(() => undefined)
  }
}

/** What is known of a file from the looks before. */
interface Seen {
  readonly looks: string
  readonly version: string
  /** Until it changes, it costs no more than a look at it. */
  readonly isSettled: boolean
  /** It took the place of one that was judged. */
  readonly isAnother: boolean
  /** What was said of it. */
  readonly said: string | undefined
}

class WatchedFolder {
  readonly #queue: Queue
  readonly #media: MediaDir
  readonly #folder: string
  readonly #say: (line: string) => void
  /** Below the media directory. */
  readonly #below: string
  /** Of the files that were there at the last look, and of no others. */
  readonly #seen = new Map<string, Seen>()

  constructor(queue: Queue, media: MediaDir, folder: string, say: (line: string) => void) {
    this.#queue = queue
    this.#media = media
    this.#folder = folder
    this.#say = say
    this.#below = relative(media.dir, folder)
    if (this.#below.startsWith('..'))
      throw new UserError(
        `the watch folder ${folder} is not below the media directory ${media.dir}`,
      )
  }

  async look(): Promise<void> {
    const there = new Set<string>()
    for await (const file of watchedFiles(this.#media.dir, this.#below)) {
      const before = this.#seen.get(file.path)
      there.add(file.path)
      // One by one: where the database is lost in between, what was said is not said again.
      this.#seen.set(
        file.path,
        isSame(before, file) ? await this.#judge(file, before) : met(file, before),
      )
    }
    for (const path of this.#seen.keys()) if (!there.has(path)) this.#seen.delete(path)
  }

  async #judge(file: Watched, before: Seen): Promise<Seen> {
    if (before.isSettled) return before
    const { isSettled, problem, job } =
      file.problem === undefined
        ? await offerFile(this.#queue, this.#media, file, before.isAnother)
        : { isSettled: false, problem: file.problem }
    if (job !== undefined) this.#say(`job ${job}: ${file.path}, from the watch folder`)
    if (problem !== undefined && problem !== before.said)
      this.#say(`${this.#nameOf(file.path)} ${problem}`)
    return { ...before, isSettled, isAnother: before.isAnother && !isSettled, said: problem }
  }

  #nameOf(path: string): string {
    return path === this.#below
      ? `the watch folder ${this.#folder}`
      : `the watch folder: ${JSON.stringify(path)}`
  }
}

function isSame(before: Seen | undefined, { looks }: Watched): before is Seen {
  return before?.looks === looks
}

/** A file that is new, or not as it was at the last look. */
function met({ looks, version }: Watched, before: Seen | undefined): Seen {
  const wasJudged = before !== undefined && (before.isSettled || before.said !== undefined)
  const isAnother = before?.isAnother || (wasJudged && before.version !== version)
  return { looks, version, isSettled: false, isAnother, said: before?.said }
}

function notLookedThrough(error: unknown): string {
  return problemIn(error, (why) => `was not looked through: ${why}`)
}
