import type { Selectable } from 'kysely'
import type { Claim, MuxerState, Registration } from '../../protocol/agent-api.ts'
import type { MuxerView } from '../../protocol/views.ts'
import { type Database, readClock } from '../db/database.ts'
import type { Muxers } from '../db/tables.ts'
import { instant, type JobRow } from './job-view.ts'
import type { Queue } from './queue.ts'
import { unknownMuxer } from './refused.ts'

export type MuxerRow = Selectable<Muxers>

const nothingSaid: MuxerState = { locked: null, trouble: null, celsius: null, throttled: null }

/** An agent has started and says what it is. */
export async function register(
  { db, bulletin }: Queue,
  id: string,
  said: Registration,
): Promise<void> {
  const known = {
    hostname: said.hostname,
    serial: said.serial,
    model: said.model,
    agent: said.agent,
    ffmpeg: said.ffmpeg,
    labels: JSON.stringify(said.labels),
    capabilities: JSON.stringify(said.capabilities),
    last_seen_at: db.now,
  }
  await db.kysely
    .insertInto('muxers')
    .values({
      id,
      ...known,
      state: JSON.stringify(nothingSaid),
      tmp_free_bytes: 0,
      drained: 0,
      trusted_after: 0,
    })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(known))
    .execute()
  bulletin.tell({ kind: 'muxer', id })
}

/** A client of the original's routes never registers: it is known by its number alone. */
export async function meet(queue: Queue, id: string): Promise<MuxerRow> {
  const seen = await sawMuxer(queue, id, {}).catch(() => undefined)
  if (seen !== undefined) return seen
  const capabilities = { encoders: [], decoders: [], troubles: [] }
  const said = { agent: 'original', hostname: '', serial: '', model: '', ffmpeg: '', labels: [] }
  await register(queue, id, { ...said, capabilities })
  return await sawMuxer(queue, id, {})
}

/** A sign of life. */
export async function sawMuxer(
  { db, bulletin }: Queue,
  id: string,
  said: Partial<Pick<Claim, 'state' | 'tmpFreeBytes'>>,
): Promise<MuxerRow> {
  const row = await db.kysely
    .updateTable('muxers')
    .set({
      last_seen_at: db.now,
      ...(said.state === undefined ? {} : { state: JSON.stringify(said.state) }),
      ...(said.tmpFreeBytes === undefined ? {} : { tmp_free_bytes: said.tmpFreeBytes }),
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) throw unknownMuxer(id)
  bulletin.tell({ kind: 'muxer', id })
  return row
}

/** It finishes its job and gets no other. */
export async function drain(queue: Queue, id: string): Promise<void> {
  await change(queue, id, { drained: 1 })
}

/** It gets jobs again, and what failed on it before is forgotten. */
export async function resume(queue: Queue, id: string): Promise<void> {
  const newest = await queue.db.kysely
    .selectFrom('attempts')
    .select((select) => select.fn.max('id').as('id'))
    .where('muxer', '=', id)
    .executeTakeFirst()
  await change(queue, id, {
    drained: 0,
    quarantined: null,
    trusted_after: Number(newest?.id ?? 0),
  })
  queue.bulletin.tell({ kind: 'work' })
}

async function change({ db, bulletin }: Queue, id: string, set: Partial<MuxerRow>): Promise<void> {
  await db.write(async (trx) => {
    const row = await trx
      .updateTable('muxers')
      .set(set)
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst()
    if (row === undefined) throw unknownMuxer(id)
  })
  bulletin.tell({ kind: 'muxer', id })
}

/** The muxers as people see them, all of them or one. */
export async function muxerViews(db: Database, only?: string): Promise<MuxerView[]> {
  let muxers = db.kysely.selectFrom('muxers').selectAll()
  let leased = db.kysely.selectFrom('jobs').selectAll().where('state', '=', 'leased')
  if (only !== undefined) {
    muxers = muxers.where('id', '=', only)
    leased = leased.where('leased_by', '=', only)
  }
  const now = await readClock(db)
  const rows = await muxers.execute()
  const jobs = new Map<string | null, JobRow>()
  for (const job of await leased.orderBy('leased_at').execute()) jobs.set(job.leased_by, job)
  const { compare } = new Intl.Collator('en', { numeric: true })
  return rows
    .map((row) => muxerView(row, jobs.get(row.id), now))
    .sort((one, other) => compare(one.id, other.id))
}

function muxerView(row: MuxerRow, job: JobRow | undefined, now: number): MuxerView {
  return {
    id: row.id,
    hostname: row.hostname,
    model: row.model,
    serial: row.serial,
    agent: row.agent,
    ffmpeg: row.ffmpeg,
    labels: JSON.parse(row.labels),
    capabilities: JSON.parse(row.capabilities),
    lastSeenAt: instant(row.last_seen_at),
    lastSeenSecondsAgo: Math.max(0, (now - row.last_seen_at) / 1000),
    state: JSON.parse(row.state),
    drained: row.drained === 1,
    quarantined: row.quarantined,
    job:
      job === undefined
        ? null
        : {
            id: String(job.id),
            path: job.path,
            progress: job.progress === null ? null : JSON.parse(job.progress),
          },
  }
}
