import { UserError } from '../errors.ts'
import { version } from '../version.ts'
import type { Tokens } from './api/auth.ts'
import { watchDatabase } from './availability.ts'
import type { Database, DatabaseAddress } from './db/database.ts'
import { takeDatabase } from './db/take-database.ts'
import { unusable } from './db/unusable-database.ts'
import { deliverWebhooks } from './deliver-webhooks.ts'
import { mediaDir } from './media-dir.ts'
import { localBulletin } from './queue/bulletin.ts'
import type { Queue, Rules } from './queue/queue.ts'
import { sharedBulletin } from './queue/shared-bulletin.ts'
import { tick } from './queue/tick.ts'
import { waitForJobs } from './queue/wait-for-job.ts'
import { makeServer } from './server.ts'
import { watchFolder } from './watch-folder.ts'

export interface ControllerOptions {
  readonly database: DatabaseAddress
  readonly host: string
  readonly port: number
  readonly media: string | undefined
  readonly tokens: Tokens
  readonly rules: Rules
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly rateLimit: number
  readonly legacy: boolean
  readonly watchFolder: string | undefined
  /** Signs webhooks; without one none are sent. */
  readonly webhookSecret: string | undefined
  readonly say: (line: string) => void
}

export interface RunningController {
  readonly queue: Queue
  readonly address: string
  /** Done when it can do no more for a reason that only a new start mends. It is still to be stopped. */
  readonly lostForGood: Promise<UserError>
  /** Lets running requests end, and closes the database last. */
  stop(): Promise<void>
}

/** A controller that answers. It was started only when its database is its own, migrated and looked after. */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { database, say } = options
  const taken = await takeDatabase(
    database,
    'a SQLite file is for one controller; several share a PostgreSQL: set DATABASE_URL',
  )
  const { db } = taken
  let mayHaveAnswered = false
  const ends: (() => unknown)[] = [() => (mayHaveAnswered ? taken.close() : taken.discard())]
  const stopping = new AbortController()
  const stop = async (): Promise<void> => {
    stopping.abort()
    for (const end of ends.splice(0).reverse()) await end()
  }
  try {
    const queue: Queue = { db, bulletin: bulletinFor(database, db), rules: options.rules }
    ends.push(() => queue.bulletin.close())
    await tick(queue).catch((error) => Promise.reject(unusable(error, database)))
    const availability = watchDatabase(queue, say)
    ends.push(() => availability.close())
    const waiting = waitForJobs(queue)
    ends.push(() => waiting.close())
    const media = options.media === undefined ? undefined : mediaDir(options.media)
    const app = await makeServer(
      {
        queue,
        media,
        stopping: stopping.signal,
        version: version(),
      },
      availability,
      waiting,
      options,
    )
    ends.push(() => app.close())
    const address = await listen(() => app.listen(options), options)
    mayHaveAnswered = true
    if (options.webhookSecret !== undefined) {
      const delivering = deliverWebhooks(queue, options.webhookSecret, say)
      ends.push(() => delivering.close())
    }
    if (media !== undefined && options.watchFolder !== undefined) {
      const watching = watchFolder(queue, media, options.watchFolder, say)
      ends.push(() => watching.close())
    }
    return { queue, address, lostForGood: availability.lostForGood, stop }
  } catch (error) {
    // What went wrong first is told: the rest may come of it.
    await stop().catch(() => undefined)
    throw error
  }
}

function bulletinFor(address: DatabaseAddress, db: Database) {
  return address.kind === 'sqlite' ? localBulletin() : sharedBulletin(db, address.url)
}

async function listen(start: () => Promise<string>, { host, port }: ControllerOptions) {
  try {
    return await start()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new UserError(`port ${port} of ${host} is in use`, {
        hint: 'choose another with --port',
        cause: error,
      })
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND')
      throw new UserError(`cannot listen on ${host} port ${port}: ${code}`, {
        hint: 'choose an address of this machine with --listen',
        cause: error,
      })
    throw error
  }
}
