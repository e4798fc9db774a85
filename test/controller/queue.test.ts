import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cancel, retry } from '../../src/controller/queue/change-job.ts'
import { type ClaimedRow, claimNext } from '../../src/controller/queue/claim.ts'
import { complete } from '../../src/controller/queue/complete.ts'
import { fail } from '../../src/controller/queue/fail.ts'
import { findJobs, jobStory } from '../../src/controller/queue/find-jobs.ts'
import { renewLease } from '../../src/controller/queue/heartbeat.ts'
import { muxerViews, register, resume } from '../../src/controller/queue/muxers.ts'
import { newestJob } from '../../src/controller/queue/newest-job.ts'
import type { Queue } from '../../src/controller/queue/queue.ts'
import { releaseLease } from '../../src/controller/queue/release.ts'
import { submit } from '../../src/controller/queue/submit.ts'
import { throughputOf } from '../../src/controller/queue/throughput.ts'
import { tick } from '../../src/controller/queue/tick.ts'
import { claimTidy, completeTidy } from '../../src/controller/queue/tidy.ts'
import { upcomingJobs } from '../../src/controller/queue/upcoming.ts'
import { webhooksOf } from '../../src/controller/queue/webhooks.ts'
import type { Failure } from '../../src/protocol/agent-api.ts'
import { submission } from '../../src/protocol/views.ts'
import { type Databases, databasesOf, dialects, openQueue, type TestQueue } from './databases.ts'
import { progress, resultFor } from './played-agent.ts'

const result = resultFor('a.mp4')

describe.each(dialects)('the queue on %s', (dialect) => {
  let databases: Databases
  let queue: TestQueue
  let paths = 0

  beforeAll(async () => {
    databases = await databasesOf(dialect)
  })
  afterAll(() => databases.remove())
  beforeEach(async () => {
    queue = await openQueue(await databases.create())
  })
  afterEach(() => queue.db.close())

  async function add(wish: object = {}): Promise<number> {
    const { job } = await submit(queue, submission.parse({ path: `v${++paths}.mp4`, ...wish }))
    return job.id
  }
  const claimAs = (muxer: string, labels: readonly string[] = []) =>
    claimNext(queue, { muxer, labels })
  async function claimed(muxer: string): Promise<ClaimedRow> {
    const job = await claimAs(muxer)
    if (job === undefined) throw new Error('nothing to claim')
    return job
  }
  const failed = (job: ClaimedRow, more: Partial<Failure> = {}): Promise<void> =>
    fail(queue, job.id, job.leased_by ?? '', {
      token: job.lease_token,
      reason: 'FFmpegErr',
      retryable: true,
      detail: 'it broke',
      argv: ['ffmpeg', '-i', 'a b.mp4'],
      logTail: 'last words',
      ...more,
    })
  const completed = (job: ClaimedRow): Promise<void> =>
    complete(queue, job.id, job.leased_by ?? '', { token: job.lease_token, result })
  const stateOf = async (id: number): Promise<string> => (await jobStory(queue.db, id)).job.state
  const knows = (id: string, labels: string[] = []): Promise<void> =>
    register(queue, id, {
      agent: '1',
      hostname: `pi${id}`,
      serial: '3333347a',
      model: '3b',
      ffmpeg: '5.1',
      labels,
      capabilities: { encoders: [], decoders: [], troubles: [] },
    })

  test('hands out by priority, then by age; to the muxer it is for; only where its needs are met', async () => {
    const plain = await add()
    const second = await add()
    const urgent = await add({ priority: 90 })
    const targeted = await add({ priority: 95, muxer: '2' })
    const picky = await add({ priority: 99, needs: ['mpeg2', 'shelf:2'] })
    const order = [
      await claimAs('1', ['mpeg2']),
      await claimAs('1'),
      await claimAs('1'),
      await claimAs('1'),
    ]
    expect(order.map((job) => job?.id)).toEqual([urgent, plain, second, undefined])
    expect((await claimAs('2'))?.id).toBe(targeted)
    expect((await claimAs('3', ['other', 'shelf:2', 'mpeg2']))?.id).toBe(picky)
  })

  test('says how many wait, and which go next', async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString()
    const last = await add({ priority: 99, notBefore: later })
    const second = await add()
    const third = await add()
    const first = await add({ priority: 90 })
    const { waiting, jobs } = await upcomingJobs(queue.db, 9)
    expect([waiting, ...jobs.map(({ id }) => Number(id))]).toEqual([4, first, second, third, last])
    await claimed('1')
    const after = await upcomingJobs(queue.db, 1)
    expect([after.waiting, after.jobs[0]?.id]).toEqual([3, String(second)])
  })

  test('does not hand out before its time', async () => {
    const id = await add({ notBefore: new Date(Date.now() + 3_600_000).toISOString() })
    expect(await claimAs('1')).toBeUndefined()
    queue.passes(3601)
    expect((await claimAs('1'))?.id).toBe(id)
  })

  test('two live jobs for one file are one; with a key of its own, for one key', async () => {
    const first = await submit(queue, submission.parse({ path: 'a.mp4' }))
    const again = await submit(queue, submission.parse({ path: 'a.mp4', priority: 99 }))
    expect([first.isNew, again.isNew, again.job.id]).toEqual([true, false, first.job.id])
    await completed(await claimed('1'))
    expect((await submit(queue, submission.parse({ path: 'a.mp4' }))).isNew).toBe(true)
    const keyed = { path: 'a.mp4', dedupeKey: 'nightly' }
    expect((await submit(queue, submission.parse(keyed))).isNew).toBe(true)
    expect((await submit(queue, submission.parse({ ...keyed, path: 'b.mp4' }))).isNew).toBe(false)
  })

  test('the newest job of a file says which version it was made of', async () => {
    const wish = submission.parse({ path: 'a.mp4' })
    await submit(queue, wish, { source: 'one' })
    expect(await newestJob(queue.db, 'a.mp4')).toMatchObject({ source: 'one', state: 'queued' })
    await completed(await claimed('1'))
    await submit(queue, wish)
    expect(await newestJob(queue.db, 'a.mp4')).toMatchObject({ source: null, state: 'queued' })
    expect(await newestJob(queue.db, 'b.mp4')).toBeUndefined()
  })

  test('a second submission makes a live job go sooner and tell one more; what else differs is said and stays', async () => {
    const [one, two] = ['http://127.0.0.1:9/one', 'http://127.0.0.1:9/two']
    const wished = { path: 'a.mp4', priority: 20, webhook: one, needs: ['mpeg2'] }
    const first = await submit(queue, submission.parse(wished))
    expect(first).toMatchObject({ isNew: true, takenOver: [], notTakenOver: [] })
    const other = { priority: 90, webhook: two, muxer: '2', settings: { encrypt: true } }
    const again = await submit(queue, submission.parse({ ...wished, ...other }))
    expect(again).toMatchObject({
      isNew: false,
      job: { id: first.job.id, priority: 90, muxer: null },
      takenOver: ['priority', 'webhook'],
      notTakenOver: ['muxer', 'settings.encrypt'],
    })
    const lower = await submit(queue, submission.parse({ path: 'a.mp4', webhook: two }))
    expect(lower).toMatchObject({ job: { priority: 90 }, takenOver: [] })
    expect(lower.notTakenOver).toEqual(['priority', 'needs'])

    const job = await claimAs('1', ['mpeg2'])
    if (job !== undefined) await completed(job)
    const told = await queue.db.kysely.selectFrom('webhooks').select('url').orderBy('id').execute()
    expect(told.map(({ url }) => url)).toEqual([one, two])
  })

  test('submissions at the same moment each have their webhook told', async () => {
    await add({ path: 'a.mp4' })
    const hooks = Array.from({ length: 10 }, (_, index) => `http://127.0.0.1:9/${index}`)
    await Promise.all(
      hooks.map((webhook) => submit(queue, submission.parse({ path: 'a.mp4', webhook }))),
    )
    const job = await newestJob(queue.db, 'a.mp4')
    expect(webhooksOf(job?.webhook ?? null).toSorted()).toEqual(hooks)
  })

  test('a start counts as another only while it is ahead; webhooks have an end; another file is said', async () => {
    const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()
    const kept = async (wish: object) =>
      (await submit(queue, submission.parse({ path: 'a.mp4', ...wish }))).notTakenOver
    await add({ path: 'a.mp4', notBefore: at(-1) })
    expect(await kept({})).toEqual([])
    expect(await kept({ notBefore: at(1) })).toEqual(['notBefore'])
    for (let hook = 1; hook <= 16; hook++)
      expect(await kept({ webhook: `http://127.0.0.1:9/${hook}` })).toEqual([])
    expect(await kept({ webhook: 'http://127.0.0.1:9/17' })).toEqual(['webhook'])
    await add({ path: 'b.mp4', dedupeKey: 'nightly', notBefore: at(1) })
    expect(await kept({ dedupeKey: 'nightly' })).toEqual(['path', 'notBefore'])
  })

  test('a job that is being cancelled takes no second submission', async () => {
    const id = await add({ path: 'a.mp4' })
    const job = await claimed('1')
    await cancel(queue, id)
    await expect(submit(queue, submission.parse({ path: 'a.mp4' }))).rejects.toMatchObject({
      status: 409,
      message: `job ${id} for it is being cancelled`,
    })
    await releaseLease(queue, id, '1', { token: job.lease_token, why: 'cancelled' })
    expect((await submit(queue, submission.parse({ path: 'a.mp4' }))).isNew).toBe(true)
  })

  // SQLite has one writer: nothing can come in between.
  if (dialect === 'postgresql') {
    /** The queue of another controller, which between two of its statements meets what this one does. */
    function overtaken(after: RegExp, meanwhile: () => Promise<unknown>): Queue {
      let isDone = false
      const kinds = new WeakMap<object, string>()
      const kysely = queue.db.kysely.withPlugin({
        transformQuery: ({ node, queryId }) => {
          kinds.set(queryId, node.kind)
          return node
        },
        transformResult: async ({ result, queryId }) => {
          if (!isDone && after.test(kinds.get(queryId) ?? '')) {
            isDone = true
            await meanwhile()
          }
          return result
        },
      })
      const write: Queue['db']['write'] = (work) => kysely.transaction().execute(work)
      return { ...queue, db: { ...queue.db, kysely, write } }
    }

    test('a job that ends just as the same file is submitted again is no reason to refuse it', async () => {
      const wish = submission.parse({ path: 'a.mp4' })
      const first = await submit(queue, wish)
      const job = await claimed('1')
      const again = await submit(
        overtaken(/Insert/, () => completed(job)),
        wish,
      )
      expect(again).toMatchObject({ isNew: true, job: { state: 'queued' } })
      expect(again.job.id).not.toBe(first.job.id)
    })

    test('a submission that comes twice at the same moment is one job, even when that is done by then', async () => {
      const wish = submission.parse({ path: 'a.mp4' })
      const late = overtaken(/Select/, async () => {
        await submit(queue, wish, { idempotencyKey: 'k1' })
        await completed(await claimed('1'))
      })
      expect(await submit(late, wish, { idempotencyKey: 'k1' })).toMatchObject({
        isNew: false,
        job: { state: 'done' },
      })
      expect((await findJobs(queue.db, { limit: 10 })).jobs).toHaveLength(1)
    })
  }

  test('an Idempotency-Key answers the job it made, also when that is done; for another wish it is refused', async () => {
    const wish = submission.parse({ path: 'a.mp4' })
    const { job } = await submit(queue, wish, { idempotencyKey: 'k1' })
    await completed(await claimed('1'))
    expect(await submit(queue, wish, { idempotencyKey: 'k1' })).toMatchObject({
      isNew: false,
      job: { id: job.id },
    })
    await expect(
      submit(queue, submission.parse({ path: 'b.mp4' }), { idempotencyKey: 'k1' }),
    ).rejects.toMatchObject({
      status: 422,
    })
    queue.passes(25 * 3600)
    await tick(queue)
    expect(await submit(queue, wish, { idempotencyKey: 'k1' })).toMatchObject({ isNew: true })
  })

  test('an Idempotency-Key answers the job that its submission joined, also when that is over, for a day', async () => {
    const id = await add({ path: 'a.mp4', needs: [] })
    queue.passes(30 * 3600)
    const wish = submission.parse({ path: 'a.mp4', priority: 70, needs: ['never'] })
    const joined = { isNew: false, job: { id }, notTakenOver: ['needs'] }
    expect(await submit(queue, wish, { idempotencyKey: 'k1' })).toMatchObject({
      ...joined,
      takenOver: ['priority'],
    })
    await tick(queue)
    expect(await submit(queue, wish, { idempotencyKey: 'k1' })).toMatchObject({
      ...joined,
      takenOver: [],
    })
    await expect(
      submit(queue, submission.parse({ path: 'b.mp4' }), { idempotencyKey: 'k1' }),
    ).rejects.toMatchObject({
      status: 422,
    })
    await completed(await claimed('1'))
    expect(await submit(queue, wish, { idempotencyKey: 'k1' })).toMatchObject({
      isNew: false,
      job: { id },
    })
    queue.passes(25 * 3600)
    await tick(queue)
    expect(await submit(queue, wish, { idempotencyKey: 'k1' })).toMatchObject({ isNew: true })
  })

  test('a lease is kept by heartbeats, and its story is told', async () => {
    const id = await add()
    const job = await claimed('1')
    await queue.watched(100)
    expect(await renewLease(queue, id, '1', { token: job.lease_token, progress })).toEqual({
      cancel: false,
    })
    await queue.watched(100)
    expect(await jobStory(queue.db, id)).toMatchObject({
      job: { state: 'leased', leasedBy: '1', progress, attempts: 1 },
      attempts: [{ attempt: 1, muxer: '1', outcome: 'running', endedAt: null }],
    })
    await completed(job)
    expect(await jobStory(queue.db, id)).toMatchObject({
      job: { state: 'done', leasedBy: null, progress: null, result },
      attempts: [{ outcome: 'complete' }],
    })
  })

  test('a stale token changes nothing, whatever it says', async () => {
    const id = await add()
    const stale = await claimed('1')
    await queue.watched(200)
    expect(await stateOf(id)).toBe('queued')
    const before = await jobStory(queue.db, id)
    const tryAll = async (): Promise<void> => {
      const lost = { status: 409 }
      const { lease_token: token } = stale
      await expect(renewLease(queue, id, '1', { token, progress })).rejects.toMatchObject(lost)
      await expect(completed(stale)).rejects.toMatchObject(lost)
      await expect(failed(stale)).rejects.toMatchObject(lost)
      await expect(releaseLease(queue, id, '1', { token, why: '' })).rejects.toMatchObject(lost)
    }
    await tryAll()
    expect(await jobStory(queue.db, id)).toEqual(before)
    queue.passes(60)
    const holder = await claimed('2')
    await tryAll()
    // The right token from another muxer is as wrong.
    await expect(completed({ ...holder, leased_by: '1' })).rejects.toMatchObject({ status: 409 })
    expect(await jobStory(queue.db, id)).toMatchObject({ job: { state: 'leased', leasedBy: '2' } })
    await completed(holder)
  })

  test('complete and fail are the same twice', async () => {
    await add()
    const job = await claimed('1')
    await completed(job)
    await completed(job)
    await expect(failed(job)).rejects.toMatchObject({ status: 409 })
    const id = await add()
    const other = await claimed('1')
    await failed(other)
    await failed(other)
    await expect(completed(other)).rejects.toMatchObject({ status: 409 })
    expect((await jobStory(queue.db, id)).attempts).toHaveLength(1)
  })

  test('failures are tried again after longer and longer pauses, and given up after the fifth', async () => {
    const id = await add()
    for (const pause of [30, 60, 120, 240]) {
      await failed(await claimed('1'))
      queue.passes(pause - 2)
      expect(await claimAs('1')).toBeUndefined()
      queue.passes(3)
    }
    await failed(await claimed('1'))
    const { job, attempts } = await jobStory(queue.db, id)
    expect(job).toMatchObject({
      state: 'dead',
      failure: { reason: 'FFmpegErr', detail: 'it broke; given up: failed 5 times' },
    })
    expect(attempts.map(({ outcome }) => outcome)).toEqual(Array(5).fill('failed'))
    expect(attempts[0]).toMatchObject({ argv: ['ffmpeg', '-i', 'a b.mp4'], logTail: 'last words' })
    await retry(queue, id)
    await failed(await claimed('1'))
    expect(await stateOf(id)).toBe('queued')
  })

  test('what would fail anywhere is not tried again and is not the fault of its muxer', async () => {
    await knows('1')
    for (let count = 0; count < 4; count++) {
      const id = await add()
      await failed(await claimed('1'), { retryable: false, reason: 'NoVideo' })
      expect(await stateOf(id)).toBe('failed')
    }
    expect(await muxerViews(queue.db, '1')).toMatchObject([{ quarantined: null }])
  })

  test('a job that fails on three different muxers is given up', async () => {
    const id = await add()
    for (const muxer of ['1', '2', '3']) {
      await failed(await claimed(muxer))
      queue.passes(3600)
    }
    expect((await jobStory(queue.db, id)).job).toMatchObject({
      state: 'dead',
      failure: { detail: 'it broke; given up: failed on 3 different muxers' },
    })
  })

  test('a muxer that fails three different jobs in a row is set aside until resumed', async () => {
    await knows('1')
    await add()
    await failed(await claimed('1'))
    queue.passes(3600)
    await failed(await claimed('1'))
    queue.passes(3600)
    await failed(await claimed('1'))
    const isTrusted = async () => (await muxerViews(queue.db, '1'))[0]?.quarantined === null
    expect(await isTrusted()).toBe(true)
    for (let count = 0; count < 2; count++) {
      await add({ priority: 90 })
      await failed(await claimed('1'))
    }
    expect(await isTrusted()).toBe(false)
    await resume(queue, '1')
    expect(await isTrusted()).toBe(true)
    await add({ priority: 99 })
    await failed(await claimed('1'))
    expect(await isTrusted()).toBe(true)
  })

  test('a success in between clears a muxer', async () => {
    await knows('1')
    for (const ends of [failed, failed, completed, failed, failed]) {
      await add({ priority: 99 })
      await ends(await claimed('1'))
    }
    expect(await muxerViews(queue.db, '1')).toMatchObject([{ quarantined: null }])
  })

  test('release costs no attempt', async () => {
    const id = await add()
    for (let count = 0; count < 7; count++) {
      const { lease_token: token } = await claimed('1')
      await releaseLease(queue, id, '1', { token, why: 'drained' })
    }
    expect(await jobStory(queue.db, id)).toMatchObject({ job: { state: 'queued', attempts: 7 } })
    await failed(await claimed('1'))
    expect(await stateOf(id)).toBe('queued')
  })

  test('cancel: at once while it waits; by its muxer, or by its silence, while it runs', async () => {
    const waiting = await add()
    await cancel(queue, waiting)
    expect(await stateOf(waiting)).toBe('cancelled')
    expect(await claimAs('1')).toBeUndefined()

    const running = await add()
    const job = await claimed('1')
    const { lease_token: token } = job
    await cancel(queue, running)
    expect(await renewLease(queue, running, '1', { token, progress })).toEqual({ cancel: true })
    await releaseLease(queue, running, '1', { token, why: 'cancelled' })
    expect(await jobStory(queue.db, running)).toMatchObject({
      job: { state: 'cancelled' },
      attempts: [{ outcome: 'cancelled' }],
    })

    const silent = await add()
    await claimed('1')
    await cancel(queue, silent)
    await queue.watched(200)
    expect(await stateOf(silent)).toBe('cancelled')
    await retry(queue, silent)
    await completed(await claimed('1'))
    await expect(cancel(queue, silent)).rejects.toMatchObject({ status: 409 })
    await expect(retry(queue, silent)).rejects.toMatchObject({ status: 409 })
    await expect(cancel(queue, 999)).rejects.toMatchObject({ status: 404 })
  })

  test('a retry beside a live job for the same file is refused', async () => {
    const { job } = await submit(queue, submission.parse({ path: 'a.mp4' }))
    await cancel(queue, job.id)
    await submit(queue, submission.parse({ path: 'a.mp4' }))
    await expect(retry(queue, job.id)).rejects.toMatchObject({ status: 409 })
  })

  test('an outage of all controllers takes no job from a muxer', async () => {
    const id = await add()
    const job = await claimed('1')
    queue.passes(6 * 3600)
    await tick(queue)
    expect(await stateOf(id)).toBe('leased')
    await renewLease(queue, id, '1', { token: job.lease_token, progress })
    await queue.watched(200)
    expect(await stateOf(id)).toBe('queued')
  })

  test('a clock set back neither keeps the job of a dead muxer nor prolongs a pause', async () => {
    const broken = await add()
    await failed(await claimed('1'))
    const silent = await add({ priority: 99 })
    await claimed('2')
    const later = await add({ notBefore: new Date(Date.now() + 3_600_000).toISOString() })
    queue.passes(-86_400)
    await tick(queue)
    await queue.watched(200)
    expect([await stateOf(silent), await stateOf(broken)]).toEqual(['queued', 'queued'])
    const ids = [(await claimed('3')).id, (await claimAs('3'))?.id]
    expect(ids).toContain(broken)
    // A start that was asked for is an instant, and that has not come.
    expect(ids).not.toContain(later)
  })

  test('a clock set forward takes no job away', async () => {
    const id = await add()
    await claimed('1')
    queue.passes(10 * 365 * 86_400)
    await queue.watched(60)
    expect(await stateOf(id)).toBe('leased')
    await queue.watched(200)
    expect(await stateOf(id)).toBe('queued')
  })

  test('tidies after the time of grace, once, by whoever took it', async () => {
    const rules = { ...queue.rules, tidy: { policy: 'move', afterSeconds: 60 } as const }
    await submit(queue, submission.parse({ path: 'a.mp4' }))
    const job = await claimed('1')
    await complete({ ...queue, rules }, job.id, '1', { token: job.lease_token, result })
    expect(await claimTidy(queue, '1')).toEqual([])
    queue.passes(61)
    const [file] = await claimTidy(queue, '1')
    expect(file).toMatchObject({ path: 'a.mp4', policy: 'move' })
    expect(await claimTidy(queue, '2')).toEqual([])
    const moved = { outcome: 'moved', detail: '' } as const
    await expect(completeTidy(queue, Number(file?.id), '2', moved)).rejects.toMatchObject({
      status: 409,
    })
    await completeTidy(queue, Number(file?.id), '1', moved)
    await completeTidy(queue, Number(file?.id), '1', moved)
    queue.passes(3600)
    expect(await claimTidy(queue, '2')).toEqual([])
  })

  test('finds jobs a page at a time, by state and by part of the path', async () => {
    for (const path of ['films/One.mp4', 'films/100%.mp4', 'clips/two.mp4']) await add({ path })
    const first = await findJobs(queue.db, { limit: 2 })
    const rest = await findJobs(queue.db, { limit: 2, cursor: Number(first.next) })
    expect([...first.jobs, ...rest.jobs].map(({ path }) => path)).toEqual([
      'clips/two.mp4',
      'films/100%.mp4',
      'films/One.mp4',
    ])
    expect(rest.next).toBeNull()
    const found = async (q: string) => (await findJobs(queue.db, { q, limit: 9 })).jobs.length
    expect([await found('one'), await found('%'), await found("' or 1=1 --")]).toEqual([1, 1, 0])
    await claimed('1')
    expect((await findJobs(queue.db, { state: 'leased', limit: 9 })).jobs).toHaveLength(1)
    expect((await findJobs(queue.db, { muxer: '1', limit: 9 })).jobs).toHaveLength(1)
  })

  test('jobs are forgotten a year after their end, not before, and not while their input waits to be tidied', async () => {
    await queue.db.close()
    queue = await openQueue(await databases.create(), { tidy: { policy: 'move', afterSeconds: 0 } })
    const waits = await add({ muxer: '9' })
    for (const _ of [1, 2]) {
      await add()
      const job = await claimed('1')
      await complete(queue, job.id, '1', { token: job.lease_token, result })
    }
    const [tidy] = await claimTidy(queue, '1')
    await completeTidy(queue, Number(tidy?.id), '1', { outcome: 'moved', detail: '' })
    const left = async () =>
      (await findJobs(queue.db, { limit: 9 })).jobs.map(({ id }) => Number(id))
    queue.passes(364 * 24 * 3600)
    await tick(queue)
    expect(await left()).toHaveLength(3)
    queue.passes(2 * 24 * 3600)
    await tick(queue)
    expect(await left()).toEqual([3, waits])
    expect((await jobStory(queue.db, 3)).attempts).toHaveLength(1)
  })

  test('throughput by the hour', async () => {
    await add()
    await completed(await claimed('1'))
    await add()
    await failed(await claimed('1'), { retryable: false })
    const { points } = await throughputOf(queue.db, 3)
    expect(points).toHaveLength(3)
    const total = (key: 'done' | 'failed' | 'videoSeconds') =>
      points.reduce((sum, point) => sum + point[key], 0)
    expect([total('done'), total('failed'), total('videoSeconds')]).toEqual([1, 1, 61.5])
  })
})
