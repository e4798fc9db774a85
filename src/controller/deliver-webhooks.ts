import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Selectable, sql } from 'kysely'
import { hasRowLocks } from './db/database.ts'
import type { Webhooks } from './db/tables.ts'
import type { Queue } from './queue/queue.ts'

const lookEveryMs = 1000
const timeoutMs = 10_000
/** Nobody else sends it while it is being sent. */
const takenForMs = 30_000
const mostTries = 10

export interface Delivering {
  close(): Promise<void>
}

/**
 * Tells others what was announced: `x-pifarm-signature: sha256=<HMAC of the body>`, again after
 * longer and longer pauses for about a day. It may be told twice; `x-pifarm-delivery` stays the same.
 */
export function deliverWebhooks(
  queue: Queue,
  secret: string,
  say: (line: string) => void,
  everyMs = lookEveryMs,
): Delivering {
  const closing = new AbortController()
  const deliver = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      // A database that is away is told of elsewhere.
      const due = await takeDue(queue).catch(() => [])
      await Promise.all(
        due.map((hook) => send(queue, secret, hook, say, closing.signal).catch(() => undefined)),
      )
      if (due.length === 0)
        await sleep(everyMs, undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }
  const delivered = deliver()
  return {
    close: async () => {
      closing.abort()
      await delivered
    },
  }
}

type Webhook = Selectable<Webhooks>

async function takeDue({ db }: Queue): Promise<Webhook[]> {
  return await db.kysely
    .with('due', (cte) =>
      cte
        .selectFrom('webhooks')
        .select('id')
        .where('ended_at', 'is', null)
        .where('next_at', '<=', db.now)
        .orderBy('next_at')
        .limit(10)
        .$if(hasRowLocks(db), (query) => query.forUpdate().skipLocked()),
    )
    .updateTable('webhooks')
    .set((set) => ({
      tries: set('tries', '+', 1),
      next_at: sql<number>`${db.now} + ${takenForMs}`,
    }))
    .where('id', 'in', (ids) => ids.selectFrom('due').select('due.id'))
    .returningAll()
    .execute()
}

async function send(
  { db, rules }: Queue,
  secret: string,
  hook: Webhook,
  say: (line: string) => void,
  closing: AbortSignal,
): Promise<void> {
  const error = await post(hook, secret, closing)
  if (closing.aborted && error !== undefined) return
  const isOver = error === undefined || hook.tries >= mostTries
  const pause = Math.round(Math.min(6 * 3600, 10 * 3 ** (hook.tries - 1)) * (0.5 + rules.random()))
  await db.kysely
    .updateTable('webhooks')
    .set({
      delivered: error === undefined ? 1 : 0,
      error: error ?? null,
      ended_at: isOver ? db.now : null,
      next_at: sql<number>`${db.now} + ${pause * 1000}`,
    })
    .where('id', '=', hook.id)
    .execute()
  if (error !== undefined && isOver) say(`${hook.event} was not taken by ${hook.url}: ${error}`)
}

/** What went wrong, or undefined. */
async function post(
  hook: Webhook,
  secret: string,
  closing: AbortSignal,
): Promise<string | undefined> {
  try {
    const { status, body } = await fetch(hook.url, {
      method: 'POST',
      body: hook.body,
      redirect: 'manual',
      signal: AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'pifarm-controller',
        'x-pifarm-event': hook.event,
        'x-pifarm-delivery': String(hook.id),
        'x-pifarm-signature': `sha256=${createHmac('sha256', secret).update(hook.body).digest('hex')}`,
      },
    })
    await body?.cancel()
    return status >= 200 && status < 300 ? undefined : `HTTP ${status}`
  } catch (error) {
    const { message, cause } = error as Error
    return cause instanceof Error ? cause.message : message
  }
}
