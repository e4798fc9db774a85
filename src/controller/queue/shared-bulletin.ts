import { sql } from 'kysely'
import pg from 'pg'
import * as z from 'zod'
import type { Database } from '../db/database.ts'
import { type Bulletin, localBulletin, type News } from './bulletin.ts'

const channel = 'pifarm_news'
const reconnectAfter = 1000

const news = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('job'), id: z.int() }),
  z.object({ kind: z.literal('muxer'), id: z.string() }),
  z.object({ kind: z.literal('work') }),
])

/** For the controllers that share a PostgreSQL: each hears through LISTEN what any of them tells, itself included. */
export function sharedBulletin(db: Database, url: string): Bulletin {
  const local = localBulletin()
  let client: pg.Client | undefined
  let again: NodeJS.Timeout | undefined
  let closed = false

  const lost = (): void => {
    client?.removeAllListeners()
    client?.on('error', () => undefined)
    client?.end().catch(() => undefined)
    client = undefined
    if (!closed && again === undefined) again = setTimeout(listen, reconnectAfter)
  }
  const listen = (): void => {
    again = undefined
    client = new pg.Client({ connectionString: url, keepAlive: true })
    client.on('error', lost).on('end', lost)
    client.on('notification', ({ payload }) => {
      const heard = parse(payload)
      if (heard !== undefined) local.tell(heard)
    })
    client
      .connect()
      .then(() => client?.query(`listen ${channel}`))
      .then(() => local.tell({ kind: 'gap' }, { kind: 'work' }))
      .catch(lost)
  }
  listen()

  return {
    tell: (...list) => {
      for (const one of list)
        sql`select pg_notify(${channel}, ${JSON.stringify(one)})`
          .execute(db.kysely)
          .catch(() => undefined)
    },
    hear: local.hear,
    close: async () => {
      closed = true
      clearTimeout(again)
      await local.close()
      client?.removeAllListeners()
      client?.on('error', () => undefined)
      await client?.end().catch(() => undefined)
    },
  }
}

function parse(payload: string | undefined): News | undefined {
  try {
    return news.safeParse(JSON.parse(payload ?? '')).data
  } catch {
    return undefined
  }
}
