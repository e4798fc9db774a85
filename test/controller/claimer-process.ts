import { once } from 'node:events'
import type { DatabaseAddress } from '../../src/controller/db/database.ts'
import { isDatabaseGone } from '../../src/controller/db/database-gone.ts'
import { localBulletin } from '../../src/controller/queue/bulletin.ts'
import { claimNext } from '../../src/controller/queue/claim.ts'
import { complete } from '../../src/controller/queue/complete.ts'
import { defaultRules } from '../../src/controller/queue/queue.ts'
import { openDatabase } from './databases.ts'

/**
 * Claims job after job until there is none, ends each where that is wanted, and prints the ids and
 * when each was taken, in ms by the wall clock. It says `ready`, and waits for a line, so that all
 * begin together.
 */
export interface ClaimerOptions {
  readonly database: DatabaseAddress
  readonly muxer: string
  readonly completes: boolean
}

const { database, muxer, completes }: ClaimerOptions = JSON.parse(process.argv[2] ?? '')
const db = openDatabase(database)
const queue = { db, bulletin: localBulletin(), rules: defaultRules }
process.stdout.write('ready\n')
await once(process.stdin, 'data')
const ids: number[] = []
const taken: number[] = []
for (;;) {
  const job = await patiently(() => claimNext(queue, { muxer, labels: [] }))
  if (job === undefined) break
  ids.push(job.id)
  taken.push(performance.timeOrigin + performance.now())
  const done = { token: job.lease_token, result: null }
  if (completes) await patiently(() => complete(queue, job.id, muxer, done))
}
process.stdout.write(`${JSON.stringify({ ids, taken })}\n`)
await db.close()
process.exit()

/** SQLite is not fair: of eight writers one may wait too long, which a controller answers with 503. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isDatabaseGone(error)) throw error
    }
  }
}
